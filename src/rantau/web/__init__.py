"""The chat: Django and Channels. It reaches no model and no worker, only the words of serving and its queue."""
