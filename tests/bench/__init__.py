"""Benchmarks: programs that print tables. `make bench` runs each bench_*.py; pytest runs none."""
