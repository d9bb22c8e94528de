"""Who is asked: a model in memory, or a server."""
