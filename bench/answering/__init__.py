"""Answering: the tutorial's loop, transformers' batches and rantau on the same prompts."""
