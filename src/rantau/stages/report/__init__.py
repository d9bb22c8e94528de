"""What was asked, done and measured, as a page, a model card, figures and numbers."""
