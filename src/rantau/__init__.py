"""rantau takes a language model to a new language and measures that it arrived."""

__version__ = "0.1.0"
