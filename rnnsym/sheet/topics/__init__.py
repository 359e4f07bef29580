"""One file for each topic; each has its ``TOPIC``."""
