"""Metrics of answers: what each looks at, and what it gives to answers that are worth nothing."""
