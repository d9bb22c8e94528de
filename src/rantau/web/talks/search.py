"""Searching talks: every word of a query stands in the title or in one of the texts, in capitals or not."""

from __future__ import annotations

import re
import unicodedata

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from rantau.web.records.models import Message, Talk

LONGEST, MOST_WORDS = 200, 8


def matching(talks: QuerySet[Talk], query: str) -> QuerySet[Talk]:
    """Those that hold all words, wherever each is. No sign of a query means anything but itself."""
    for word in words_of(query):
        in_text = Message.objects.filter(_holds("text", word), talk=OuterRef("pk"))
        talks = talks.filter(_holds("title", word) | Q(Exists(in_text)))
    return talks


def words_of(query: str) -> list[str]:
    """In the normal form in which texts are kept."""
    return unicodedata.normalize("NFC", query[:LONGEST].replace("\x00", "")).split()[:MOST_WORDS]


def _holds(field: str, word: str) -> Q:
    """SQLite's LIKE folds ASCII only; its regular expressions are Python's, which fold all of Unicode."""
    if connection.vendor == "sqlite":
        return Q(**{f"{field}__iregex": re.escape(word)})
    return Q(**{f"{field}__icontains": word})
