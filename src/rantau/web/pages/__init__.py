"""The pages that people see: templates, styles, scripts and their words."""
