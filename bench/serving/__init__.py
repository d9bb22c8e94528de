"""Serving under load and under fire."""
