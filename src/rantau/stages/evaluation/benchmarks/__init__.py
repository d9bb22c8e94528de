"""Benchmarks by name, asked through lm-evaluation-harness before and after; open stage.py first."""
