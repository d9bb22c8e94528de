"""What an engine may be wished for: a field that it cannot grant is refused by name, and none is passed over."""

from __future__ import annotations

from collections.abc import Collection

from rantau.serving.engines.engine import Refused
from rantau.serving.protocol import Wish, in_vain

CTRANSLATE2 = ("repetition_penalty", "seed")
"""What CTranslate2 cannot grant to one answer of a batch."""
PLAIN_SERVER = ("repetition_penalty", "top_k")
"""What a server cannot grant that knows OpenAI's protocol alone."""


def check_wish(wish: Wish, *, engine: str, cannot: Collection[str] = ()) -> None:
    """cannot   see protocol.in_vain
    Raises   Refused (bad_wish, not_supported)
    """
    ranges = {
        "max_tokens": wish.max_tokens >= 1,
        "temperature": wish.temperature >= 0,
        "top_p": 0 < wish.top_p <= 1,
        "top_k": wish.top_k is None or wish.top_k >= 0,
        "repetition_penalty": wish.repetition_penalty > 0,
    }
    if wrong := next((name for name, fine in ranges.items() if not fine), None):
        raise Refused("bad_wish", f"{wrong}: {getattr(wish, wrong)} is out of range.")
    if asked := in_vain(wish, cannot):
        raise Refused("not_supported", f"{engine} knows no {asked} for one answer. Leave it out.")
