"""The JSON interface of the pages: what comes in is checked, what goes out has one shape."""
