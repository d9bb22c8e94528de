"""Health: whether the process lives, whether an answer can be expected, and figures for those who watch."""
