"""The nouns that travel between the rooms, one meaning each."""

from rantau.records.documents import (
    ROLES,
    Dialogue,
    Document,
    Dropped,
    Message,
    Role,
    Sample,
)
from rantau.records.measured import (
    BASE_ARM,
    Answer,
    AnswerPair,
    ArmFigure,
    BenchmarkResult,
    Better,
    Estimate,
    Gate,
    Item,
    Score,
    System,
)

__all__ = [
    "BASE_ARM",
    "ROLES",
    "Answer",
    "AnswerPair",
    "ArmFigure",
    "BenchmarkResult",
    "Better",
    "Dialogue",
    "Document",
    "Dropped",
    "Estimate",
    "Gate",
    "Item",
    "Message",
    "Role",
    "Sample",
    "Score",
    "System",
]
