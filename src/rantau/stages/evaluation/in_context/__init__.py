"""The in-context probe: what examples in the prompt are worth."""
