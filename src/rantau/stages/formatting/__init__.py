"""Documents as token ids and masks, and how many tokens a language costs."""
