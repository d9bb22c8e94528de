"""Held-out prompts as both systems see them, and their answers."""
