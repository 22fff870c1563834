"""The rows of `benchmarks/faults.py`, one module each."""
