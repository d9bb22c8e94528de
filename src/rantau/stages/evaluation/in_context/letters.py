"""Tasks in no language: lists of letters to copy or turn round. Only the examples say what is asked.

Tokens of a Latin letter after a space are the same whatever language a model has learnt, so a model that lost
the words of a language loses nothing here; one that lost the use of its context does.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ALPHABET = "bcdfghjklmnpqrstvwxz"  # no vowels: no list spells a word
SHORTEST, LONGEST = 4, 6
ARROW = " ->"

TASKS: Mapping[str, Callable[[Sequence[str]], Sequence[str]]] = {
    "copy": lambda letters: letters,
    "reverse": lambda letters: letters[::-1],
    "first": lambda letters: letters[:1],
    "last": lambda letters: letters[-1:],
}
"""What is asked: a list of letters -> the answer."""


@dataclass(frozen=True, slots=True)
class LetterQuestion:
    """One question, with and without its examples.

    id        unique in a probe
    task      name in TASKS
    examples  lines of the examples, each with its newline
    question  the line as far as the arrow
    answer    what follows, with the space before it
    """

    id: str
    task: str
    examples: str
    question: str
    answer: str


def letter_questions(n: int, *, shots: int, seed: int) -> list[LetterQuestion]:
    """n questions, the tasks in turn, each with examples of its own; the first n are the same for a larger n."""
    names = list(TASKS)
    return [_question(names[i % len(names)], i // len(names), shots=shots, seed=seed) for i in range(n)]


def _question(task: str, number: int, *, shots: int, seed: int) -> LetterQuestion:
    draw = random.Random(f"{seed}|in_context|{task}|{number}")
    lists = [draw.sample(ALPHABET, draw.randint(SHORTEST, LONGEST)) for _ in range(shots + 1)]
    lines = [(" ".join(letters) + ARROW, " " + " ".join(TASKS[task](letters))) for letters in lists]
    examples = "".join(f"{question}{answer}\n" for question, answer in lines[:-1])
    return LetterQuestion(f"letters:{task}:{number:04d}", task, examples, *lines[-1])
