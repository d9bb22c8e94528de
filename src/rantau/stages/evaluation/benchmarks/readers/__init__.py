"""Benchmark files as people hand them on, turned into the columns that the harness's tasks read."""
