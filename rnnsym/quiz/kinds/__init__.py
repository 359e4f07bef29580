"""The kinds of question: a file here is a kind, and its name is the kind's name."""
