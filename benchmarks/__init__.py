"""What the package costs in time, as ratios within one run: `python -m benchmarks`."""
