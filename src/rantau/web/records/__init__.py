"""Records: what the database keeps. It is the truth; the broker has only what is on its way."""
