"""Measures the product beside a peer and a floor: `make bench` (benchmarks/README.md)."""
