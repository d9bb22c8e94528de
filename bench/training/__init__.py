"""Training: rantau, TRL, LLaMA-Factory and the tutorial's way on the same rows, and what the machine allows."""
