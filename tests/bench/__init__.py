"""Benchmarks: run by hand with ``python -m tests.bench``; ratios of pairs in one run."""
