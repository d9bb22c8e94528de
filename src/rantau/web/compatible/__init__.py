"""The API that other programs know: models and chat completions as OpenAI's clients ask for them."""
