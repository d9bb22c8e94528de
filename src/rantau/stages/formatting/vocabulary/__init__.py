"""Whole words for the tokenizer: counted in the training text, chosen by the tokens they save, and measured."""
