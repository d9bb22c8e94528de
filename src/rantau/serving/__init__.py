"""The way of a prompt to its answer: the words, the queue, the workers and their engines."""
