"""Measures the product beside what users would pick instead. `python -m bench` runs the parts and writes results.md."""
