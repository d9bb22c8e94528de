"""What held-out text costs a model: bits per byte and perplexity."""
