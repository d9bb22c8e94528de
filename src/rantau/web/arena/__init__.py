"""The arena: blind votes on two answers, what they say, and what can be trained on them."""
