"""Models: load, adapt, generate, score. The one place below the stages that knows torch."""
