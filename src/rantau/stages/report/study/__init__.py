"""The page of a study: its tables, its figures and its choice, from study.json alone."""
