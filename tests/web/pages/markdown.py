"""The renderer in a page of the chat, under its content security policy."""

from __future__ import annotations

import json
from typing import Any

from tests.browser import Browser
from tests.web.pages.looking import script


class Markdown:
    def __init__(self, page: Browser) -> None:
        self.page = page
        page.go("/login")
        assert page.run(script("markdown"))

    def call(self, name: str, *values: Any) -> Any:
        return self.page.run(f"md.{name}(...{json.dumps(values)})")

    def whole(self, text: str) -> str:
        """The markup of a text that is whole."""
        return str(self.call("whole", text))

    def written(self, pieces: list[str], *, done: bool) -> str:
        """The markup after these pieces came."""
        return str(self.call("written", pieces, {"done": done}))
