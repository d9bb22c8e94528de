"""New rows of a model for new words: made of their sub-tokens' rows, and the only rows that learn.

The rows are PEFT's trainable tokens, so they travel in the adapter's own files: plain PEFT loads them on a base
that was resized to the same number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rantau import files
from rantau.errors import ModelError

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

WORDS_FILE = "words.json"
TOKENIZER_FOLDER = "tokenizer"
MULTIPLE = 64
ROWS = "_rantau_new_rows"


def extend_model(model: PreTrainedModel, folder: Path) -> range:
    """Gives the model a row for each word of `folder`/words.json, in place; returns the new rows.

    Each row is the mean of the rows of the word's sub-tokens, in the embedding and in the output head; what is
    tied stays tied. The matrices end at a multiple of 64, padded by the mean of all rows that were there. A base
    may have more rows than its tokenizer has entries: those are taken first. Rows of the base's own tokens stay.
    Raises   ModelError if the model has fewer rows than the tokenizer that the words were added to
    """
    facts = files.read_json(folder / WORDS_FILE)
    first, pieces = int(facts["first_id"]), [list(map(int, word["pieces"])) for word in facts["words"]]
    rows, had = range(first, first + len(pieces)), model.get_input_embeddings().weight.shape[0]
    if first > had:
        raise ModelError(
            f"{folder}: its words follow {first:,} entries of a tokenizer, but the model has only {had:,} rows. "
            "Load them on the base that the recipe names."
        )
    _resize(model, max(had, -(-rows.stop // MULTIPLE) * MULTIPLE))
    for matrix in _matrices(model):
        _fill(matrix, rows, pieces, had)
    setattr(model, ROWS, rows)
    return rows


def new_rows(model: Any) -> range:
    """The rows that extend_model gave this base; empty without."""
    found: range = getattr(model, ROWS, range(0))
    return found


def trainable_rows(model: PreTrainedModel) -> dict[str, list[int]] | None:
    """What a PEFT config takes as trainable_token_indices: module -> new rows; None without new rows.

    A tied head follows the embedding by itself.
    """
    rows = list(new_rows(model))
    if not rows:
        return None
    parts = [model.get_input_embeddings()]
    head = model.get_output_embeddings()
    if head is not None and head.weight is not parts[0].weight:
        parts.append(head)
    names = {id(module): name for name, module in model.named_modules()}
    return {names[id(part)]: rows for part in parts}


def _resize(model: PreTrainedModel, n_rows: int) -> None:
    import torch

    if n_rows == model.get_input_embeddings().weight.shape[0]:
        return
    with torch.random.fork_rng(devices=[]):  # it draws random rows first, from the global generator
        model.resize_token_embeddings(n_rows, mean_resizing=False)


def _matrices(model: PreTrainedModel) -> Iterator[torch.Tensor]:
    """Weight of the embedding, and weight and bias of the head where it is another one."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    yield embedding.weight
    if head is not None and head.weight is not embedding.weight:
        yield head.weight
    if head is not None and getattr(head, "bias", None) is not None:
        yield head.bias


def _fill(matrix: torch.Tensor, rows: range, pieces: Sequence[Sequence[int]], had: int) -> None:
    """Means are taken in float64, so that the order of additions leaves no trace."""
    import torch

    with torch.no_grad():
        values = [matrix[torch.tensor(ids, device=matrix.device)].double().mean(0) for ids in pieces]
        if values:
            matrix[rows.start : rows.stop] = torch.stack(values).to(matrix.dtype)
        padding = max(rows.stop, had)
        if padding < len(matrix):
            matrix[padding:] = matrix[: rows.start].double().mean(0).to(matrix.dtype)


def refuse_unextended(base: PreTrainedModel, indices: object, where: Path) -> None:
    """Raises ModelError if an adapter has trained rows that the base does not have.

    indices   trainable_token_indices of the adapter's config
    """
    rows = [i for part in indices.values() for i in part] if isinstance(indices, dict) else []
    if rows and set(rows) != set(new_rows(base)):
        raise ModelError(
            f"{where}: the adapter has {len(set(rows)):,} rows for words that this base does not have. Extend the "
            "base by the words.json of the same run first (rantau.model.vocabulary.extend_model)."
        )


def learn_rows(model: PeftModel) -> None:
    """Has the new rows computed apart from the frozen ones, where a model has any that learn."""
    if getattr(model.peft_config["default"], "trainable_token_indices", None):
        from rantau.model.new_rows import quicken_rows

        quicken_rows(model)


def settle_rows(model: torch.nn.Module) -> None:
    """Writes trained rows into the frozen matrices, for a model that only speaks: PEFT otherwise copies both whole
    matrices for every token. Nothing else is merged."""
    from peft.utils.other import TrainableTokensWrapper

    wrapped = [(n, m) for n, m in model.named_modules() if isinstance(m, TrainableTokensWrapper)]
    for _, module in wrapped:
        module.token_adapter.merge()
    for name, module in wrapped:
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, module.token_adapter.base_layer)
