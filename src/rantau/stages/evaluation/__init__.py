"""Answers and text scores before and after training, and the comparison of the two."""
