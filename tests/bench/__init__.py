"""Benchmarks: run by hand with ``python -m tests.bench``; ratios of pairs in one run."""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # libraries read it when they load
