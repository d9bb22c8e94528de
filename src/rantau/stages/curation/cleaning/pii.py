"""Personal data in a text: masked with a fixed word, or a reason to drop the document, and always counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rantau.recipe import Pii
from rantau.records import Document
from rantau.stages.curation.cleaning.addresses import emails, public_ips
from rantau.stages.curation.cleaning.national_ids import niks, rrns
from rantau.stages.curation.cleaning.phones import indonesian_phones, korean_phones
from rantau.stages.curation.cleaning.spans import Finder, Span, has_digit

# In this order: what an earlier one takes, a later one does not see. A NIK contains digits that look like a
# telephone number, and an e-mail address may contain either.
FINDERS: dict[str, Finder] = {
    "email": emails,
    "ip": public_ips,
    "nik": niks,
    "rrn": rrns,
    "id_phone": indonesian_phones,
    "kr_phone": korean_phones,
}
# The field of the recipe that treats a kind, what stands in its place, and how a person would call it.
TREATED_AS = {
    "email": ("email", "[email]", "e-mail address"),
    "ip": ("ip", "[ip]", "IP address"),
    "nik": ("national_id", "[national id]", "national identity number"),
    "rrn": ("national_id", "[national id]", "national identity number"),
    "id_phone": ("phone", "[phone]", "telephone number"),
    "kr_phone": ("phone", "[phone]", "telephone number"),
}
EVERYWHERE = ("email", "ip")


@dataclass(frozen=True, slots=True)
class Treated:
    """A document after masking.

    counts  finds by kind (email, ip, and the profile's), those that lead to a drop among them
    drop    the reason to leave the document out, or None
    """

    document: Document
    counts: Mapping[str, int] = field(default_factory=dict)
    drop: str | None = None


def treat_pii(document: Document, pii: Pii, kinds: Sequence[str]) -> Treated:
    """Mask or refuse personal data in the text or in every turn; what is kept is not looked for.

    kinds  of the language's profile: id_phone, nik, kr_phone, rrn; e-mail and IP addresses are looked for
           in every language
    """
    treatments = _treatments(pii, tuple(kinds))
    if not treatments:
        return Treated(document)
    counts: Counter[str] = Counter()
    changed = document.rewritten(lambda text: _masked(text, treatments, counts))
    refused = [TREATED_AS[kind][2] for kind, how in treatments if how == "drop" and counts[kind]]
    return Treated(changed, dict(counts), f"personal data: {refused[0]}" if refused else None)


@lru_cache(maxsize=64)
def _treatments(pii: Pii, kinds: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Kinds to look for, in the order of FINDERS, with mask or drop."""
    asked = {*EVERYWHERE, *kinds}
    found = ((kind, getattr(pii, TREATED_AS[kind][0])) for kind in FINDERS if kind in asked)
    return tuple((kind, how) for kind, how in found if how != "keep")


def _masked(text: str, treatments: Iterable[tuple[str, str]], counts: Counter[str]) -> str:
    """The text with the finds replaced; a find to drop stays as it is, since the document goes."""
    if "@" not in text and not has_digit(text):
        return text
    for kind, how in treatments:
        spans = FINDERS[kind](text)
        if spans:
            counts[kind] += len(spans)
            text = _with_mask(text, spans, TREATED_AS[kind][1]) if how == "mask" else text
    return text


def _with_mask(text: str, spans: Sequence[Span], mask: str) -> str:
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], mask]
        end = stop
    return "".join([*parts, text[end:]])
