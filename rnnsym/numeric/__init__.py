"""Numbers: the generated program, the oracle that shares nothing with it, and their comparison."""
