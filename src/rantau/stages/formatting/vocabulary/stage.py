"""vocabulary: the words of the training text that save most tokens become tokens of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import RecipeError
from rantau.model.base import tokenizer_hash
from rantau.records import Document
from rantau.run.stage import Context, Stage
from rantau.stages.formatting.vocabulary.counting import Tallies, count_files
from rantau.stages.formatting.vocabulary.pretokens import Pretokens
from rantau.stages.formatting.vocabulary.saving import SIZES, by_language, by_size, joined
from rantau.stages.formatting.vocabulary.words import Word, rank_words

if TYPE_CHECKING:
    from rantau.model.tokenizer import FastTokenizer

SCRATCH = "shards"
PROVEN_DOCUMENTS = 1000
EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Learnt:
    """words, asked: entries added, and how many the recipe wants; candidates: words that would save tokens
    training_, held_out_...: tokens of all text in the target language; None where nothing is held out"""

    words: int
    asked: int
    candidates: int
    training_tokens_before: int | None
    training_tokens_after: int | None
    training_saved_share: float | None
    held_out_tokens_before: int | None
    held_out_tokens_after: int | None
    held_out_saved_share: float | None


def learn_vocabulary(ctx: Context) -> Learnt:
    """Writes tokenizer/, words.json and summary.json.

    Raises   ModelError if words cannot be added exactly to this tokenizer; RecipeError if no text may be counted
    """
    from rantau.model.extension import refuse_inexact, refuse_unfit, save_extended, text_of
    from rantau.model.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(ctx.recipe.model)
    refuse_unfit(tokenizer)
    training = _count(ctx, ctx.inputs["mix"] / "phases", "count words")
    held_out = _count(ctx, ctx.inputs["gather"] / "heldout", "count held-out words")
    asked: int = ctx.recipe.part("vocabulary.extend")
    ranked = rank_words(_learnt_from(ctx, training), text_of)
    words = ranked[:asked]
    if len(words) < asked:
        ctx.progress.say(
            f"vocabulary: {len(words):,} of {asked:,} words; the training text has no more that save tokens"
        )
    extended = save_extended(tokenizer, [w.token for w in words], ctx.out / "tokenizer")
    pieces = [_pieces(tokenizer, w) for w in words]
    refuse_inexact(tokenizer, extended, _texts(ctx), pieces)
    files.write_json(ctx.out / "words.json", _facts(tokenizer, words, pieces))
    summary = _summary(ctx, training, held_out, ranked)
    files.write_json(ctx.out / "summary.json", summary)
    return Learnt(**{field.name: summary[field.name] for field in fields(Learnt)})


def _count(ctx: Context, folder: Path, title: str) -> Tallies:
    return count_files(
        sorted(folder.glob("*.parquet")), ctx.recipe.model,
        folder=ctx.out / SCRATCH, machine=ctx.machine, progress=ctx.progress, title=title,
    )  # fmt: skip


def _counted(ctx: Context, tallies: Tallies) -> Tallies:
    """Those of the sources that the recipe names, or of all text in the target language."""
    sources: list[str] = ctx.recipe.part("vocabulary.sources")
    target = ctx.recipe.language.target
    return {key: tally for key, tally in tallies.items() if (key[0] in sources if sources else key[1] == target)}


def _learnt_from(ctx: Context, training: Tallies) -> Pretokens:
    counted, total = _counted(ctx, training), Pretokens()
    for tally in counted.values():
        total.join(tally.pretokens)
    if not total.counts:
        there = ", ".join(sorted({f"{source} ({language})" for source, language in training})) or "none"
        raise RecipeError(
            f"vocabulary.extend: no training text to learn words from. vocabulary.sources is "
            f"{ctx.recipe.part('vocabulary.sources')}, the target language {ctx.recipe.language.target}; "
            f"the phases read: {there}."
        )
    return total


def _pieces(tokenizer: FastTokenizer, word: Word) -> list[int]:
    return [piece.id for piece in tokenizer.backend_tokenizer.model.tokenize(word.token)]


def _texts(ctx: Context) -> Iterator[str]:
    """Documents of each file, training and held out, on which the new tokenizer is proven."""
    for folder in (ctx.inputs["mix"] / "phases", ctx.inputs["gather"] / "heldout"):
        for path in sorted(folder.glob("*.parquet")):
            for row in islice(files.read_parquet(path), PROVEN_DOCUMENTS):
                yield Document.from_row(row).content


def _facts(tokenizer: FastTokenizer, words: Sequence[Word], pieces: Sequence[Sequence[int]]) -> dict[str, Any]:
    from rantau.model.extension import first_new_id

    first = first_new_id(tokenizer)
    rows = [
        {
            "id": first + n,
            "token": w.token,
            "text": w.text,
            "count": w.count,
            "saved": w.saved,
            "pieces": list(ids),
        }
        for n, (w, ids) in enumerate(zip(words, pieces, strict=True))
    ]
    return {"first_id": first, "words": rows}


def _summary(ctx: Context, training: Tallies, held_out: Tallies, ranked: Sequence[Word]) -> dict[str, Any]:
    """What the report shows: single values for the target language, and the rest by language (see saving.py)."""
    asked: int = ctx.recipe.part("vocabulary.extend")
    words, target = ranked[:asked], ctx.recipe.language.target
    unseen = joined(held_out).get(target)
    sides = {"training": by_language(training, words), "held_out": by_language(held_out, words)}
    told = ("tokens_before", "tokens_after", "saved_share")
    return {
        "asked": asked,
        "words": len(words),
        "candidates": len(ranked),
        **{f"{side}_{name}": rows.get(target, {}).get(name) for side, rows in sides.items() for name in told},
        **{f"{side}_by_language": rows for side, rows in sides.items()},
        "held_out_by_size": by_size(ranked, unseen.pretokens, (*SIZES, asked)) if unseen else [],
        "examples": [{"text": w.text, "count": w.count, "saved": w.saved} for w in words[:EXAMPLES]],
    }


VOCABULARY = Stage(
    name="vocabulary",
    version=1,
    needs=("gather", "mix"),
    slices=("language", "model", "vocabulary.extend", "vocabulary.sources"),
    run=learn_vocabulary,
    fingerprint=tokenizer_hash,
    scratch=(SCRATCH,),
)
