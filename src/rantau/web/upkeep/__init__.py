"""Upkeep: what keeps the promise between the broker and the database."""
