"""Measurements of kbatch against its peers; `python -m benchmarks --help` says how."""
