"""Talks: what people ask, checked, kept and sent on its way."""
