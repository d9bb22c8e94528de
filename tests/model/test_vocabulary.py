"""New rows: where they begin, that they alone learn, and that they arrive wherever the adapter goes."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from rantau.errors import ModelError
from rantau.files import write_json
from rantau.machine import Machine
from rantau.model.adapters import (
    attach_adapter,
    load_adapter,
    merge_adapter,
    restore_adapter,
    save_adapter,
    save_trained,
    stack_adapter,
)
from rantau.model.carried import peft_is_behind
from rantau.model.extension import first_new_id, save_extended
from rantau.model.load import load_base
from rantau.model.optimiser import adamw, parameter_groups
from rantau.model.tokenizer import load_tokenizer
from rantau.model.vocabulary import extend_model, new_rows, trainable_rows
from rantau.recipe import Adapter, Model
from tests.tiny import build_tiny_base, build_tiny_tokenizer

WORDS = ["Ġmereka", "ĠBandung", "Selamat"]
TEXT = "Selamat pagi, mereka di Bandung dan mereka pulang."


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stage "vocabulary" leaves."""
    folder, base = tmp_path_factory.mktemp("words"), build_tiny_tokenizer()
    save_extended(base, WORDS, folder / "tokenizer")
    pieces = [[p.id for p in base.backend_tokenizer.model.tokenize(word)] for word in WORDS]
    write_json(folder / "words.json", {"first_id": first_new_id(base), "words": [{"pieces": p} for p in pieces]})
    return folder


@pytest.fixture(scope="module", params=["tied", "untied"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = build_tiny_base(tmp_path_factory.mktemp(request.param))
    if request.param == "untied":
        config = AutoConfig.from_pretrained(folder)
        config.tie_word_embeddings = False
        with torch.random.fork_rng():
            torch.manual_seed(1)
            AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return Model(base=str(folder))


def extended(asked: Model, words: Path) -> Any:
    base = load_base(asked, Machine())
    extend_model(base, words)
    return base


def logits(model: Any, asked: Model, words: Path) -> torch.Tensor:
    ids = load_tokenizer(asked, vocabulary=words)(TEXT, return_tensors="pt").input_ids
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(input_ids=ids).logits
    return found


def learn(model: Any, asked: Model, words: Path, *, steps: int = 3, decay: float = 0.0) -> None:
    groups = parameter_groups(
        model, learning_rate=0.01, loraplus_ratio=2.0, embedding_learning_rate=0.02, weight_decay=0.0,
        embedding_weight_decay=decay,
    )  # fmt: skip
    optimiser = adamw(groups)
    ids = load_tokenizer(asked, vocabulary=words)(TEXT, return_tensors="pt").input_ids
    assert any(int(i) in new_rows(model.get_base_model()) for i in ids[0])
    for _ in range(steps):
        optimiser.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()


def test_rows_begin_as_the_mean_of_their_pieces_and_the_base_stays(asked: Model, words: Path) -> None:
    before, base = load_base(asked, Machine()), load_base(asked, Machine())
    rows = extend_model(base, words)
    tokenizer = build_tiny_tokenizer()
    assert (rows, new_rows(base)) == (range(400, 403), range(400, 403)) and new_rows(before) == range(0)
    for old, new in (
        (before.get_input_embeddings().weight, base.get_input_embeddings().weight),
        (before.get_output_embeddings().weight, base.get_output_embeddings().weight),
    ):
        assert len(new) == 448 == base.config.vocab_size and len(new) % 64 == 0
        assert torch.equal(new[:400], old)
        for row, word in zip(rows, WORDS, strict=True):
            pieces = [p.id for p in tokenizer.backend_tokenizer.model.tokenize(word)]
            assert len(pieces) > 1
            torch.testing.assert_close(new[row], torch.stack([old[i] for i in pieces]).mean(0))
        torch.testing.assert_close(new[403:], old.mean(0).expand(45, -1))
    tied = base.get_input_embeddings().weight is base.get_output_embeddings().weight
    assert tied == base.config.tie_word_embeddings


def test_a_base_with_spare_rows_gives_them_first(tmp_path: Path, words: Path) -> None:
    asked = Model(base=str(build_tiny_base(tmp_path)))
    base = load_base(asked, Machine())
    base.resize_token_embeddings(402, mean_resizing=False)
    spare = base.get_input_embeddings().weight[401].clone()
    extend_model(base, words)
    assert len(base.get_input_embeddings().weight) == 448
    assert not torch.equal(base.get_input_embeddings().weight[401], spare)


def test_the_generators_are_left_as_they_were(asked: Model, words: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    extended(asked, words)
    assert torch.equal(torch.rand(2), expected)


def test_only_new_rows_learn_at_their_own_rate(asked: Model, words: Path) -> None:
    before = extended(asked, words)
    model = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    torch.testing.assert_close(logits(model, asked, words), logits(before, asked, words))
    groups = {
        g["name"]: g
        for g in parameter_groups(
            model, learning_rate=1e-3, loraplus_ratio=2.0, embedding_learning_rate=1e-4, weight_decay=0.0,
            embedding_weight_decay=0.3,
        )
    }  # fmt: skip
    tied = model.config.tie_word_embeddings
    assert groups["embedding"]["lr"] == 1e-4 and groups["embedding"]["weight_decay"] == 0.3
    assert [tuple(p.shape) for p in groups["embedding"]["params"]] == [(3, 32)] * (1 if tied else 2)
    assert all(p.dtype == torch.float32 for p in groups["embedding"]["params"])
    learn(model, asked, words)
    base = model.get_base_model()
    for module, old in (
        (base.get_input_embeddings(), before.get_input_embeddings()),
        (base.get_output_embeddings(), before.get_output_embeddings()),
    ):
        now = module.weight  # with the trained rows in place
        assert torch.equal(now[:400], old.weight[:400]) and torch.equal(now[403:], old.weight[403:])
        assert not torch.isclose(now[400:403], old.weight[400:403]).all(dim=1).any()


def test_saved_rows_load_on_a_fresh_base(asked: Model, words: Path, tmp_path: Path) -> None:
    model = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    learn(model, asked, words)
    said = logits(model, asked, words)
    save_adapter(model, tmp_path, base=asked)
    for trainable in (True, False):
        again = load_adapter(extended(asked, words), tmp_path, trainable=trainable)
        torch.testing.assert_close(logits(again, asked, words), said)
    spoken = load_adapter(extended(asked, words), tmp_path, trainable=False).get_base_model()
    fresh = load_base(asked, Machine())
    for get in ("get_input_embeddings", "get_output_embeddings"):
        assert torch.equal(getattr(spoken, get)().weight[:400], getattr(fresh, get)().weight)


def test_rows_computed_apart_say_and_learn_what_peft_does(asked: Model, words: Path) -> None:
    from peft.tuners.trainable_tokens.layer import TrainableTokensLayer

    from rantau.model.new_rows import NewRows

    quick = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    plain = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    layers = [m for m in plain.modules() if isinstance(m, NewRows)]
    assert len(layers) == 2
    for layer in layers:
        layer.__class__ = TrainableTokensLayer
    ids = load_tokenizer(asked, vocabulary=words)(TEXT, return_tensors="pt").input_ids
    found = []
    for model in (quick.double(), plain.double()):
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        found.append([loss.detach(), *(p.grad for p in model.parameters() if p.requires_grad)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
    assert quick.get_base_model().get_input_embeddings().weight.shape == (448, 32)


def test_plain_peft_loads_it_on_a_resized_base(asked: Model, words: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    model = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    learn(model, asked, words)
    save_adapter(model, tmp_path, base=asked)
    base = AutoModelForCausalLM.from_pretrained(asked.base)
    base.resize_token_embeddings(448)
    with peft_is_behind():
        plain = PeftModel.from_pretrained(base, tmp_path)
    torch.testing.assert_close(logits(plain, asked, words)[..., :403], logits(model, asked, words)[..., :403])


def test_checkpoints_hold_the_rows_bit_by_bit(asked: Model, words: Path, tmp_path: Path) -> None:
    model = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    learn(model, asked, words)
    save_trained(model, tmp_path)
    again = attach_adapter(extended(asked, words), Adapter(rank=2), seed=1)
    restore_adapter(again, tmp_path)
    assert torch.equal(logits(again, asked, words), logits(model, asked, words))


def test_merged_weights_hold_the_rows_and_stay_tied(asked: Model, words: Path, tmp_path: Path) -> None:
    model = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    learn(model, asked, words)
    said = logits(model, asked, words)
    save_adapter(model, tmp_path / "adapter", base=asked)
    merged = merge_adapter(load_adapter(extended(asked, words), tmp_path / "adapter", trainable=False))
    merged.save_pretrained(tmp_path / "merged")
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert plain.config.vocab_size == 448
    tied = plain.get_input_embeddings().weight is plain.get_output_embeddings().weight
    assert tied == model.config.tie_word_embeddings
    torch.testing.assert_close(logits(plain, asked, words), said, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("init", ["zero", "pissa"])
def test_rows_go_on_from_the_phase_before(asked: Model, words: Path, tmp_path: Path, init: Any) -> None:
    first = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    learn(first, asked, words)
    save_adapter(first, tmp_path / "first", base=asked)
    stacked = stack_adapter(extended(asked, words), tmp_path / "first", Adapter(rank=2, init=init), seed=1)
    torch.testing.assert_close(logits(stacked, asked, words), logits(first, asked, words), rtol=1e-4, atol=1e-5)
    learn(stacked, asked, words)
    save_adapter(stacked, tmp_path / "second", base=asked)
    again = load_adapter(extended(asked, words), tmp_path / "second", trainable=False)
    torch.testing.assert_close(logits(again, asked, words), logits(stacked, asked, words), rtol=1e-4, atol=1e-5)
    on = load_adapter(extended(asked, words), tmp_path / "second", trainable=True)
    learn(on, asked, words, steps=1)
    assert not torch.allclose(logits(on, asked, words), logits(stacked, asked, words))


def test_dropped_base_without_words_is_told(asked: Model, words: Path, tmp_path: Path) -> None:
    model = attach_adapter(extended(asked, words), Adapter(rank=2), seed=0)
    save_adapter(model, tmp_path, base=asked)
    with pytest.raises(ModelError, match=r"3 rows for words that this base does not have"):
        load_adapter(load_base(asked, Machine()), tmp_path, trainable=False)


def test_words_of_a_larger_tokenizer_are_refused(asked: Model, tmp_path: Path) -> None:
    write_json(tmp_path / "words.json", {"first_id": 500, "words": [{"pieces": [1, 2]}]})
    with pytest.raises(ModelError, match=r"follow 500 entries .* only 400 rows"):
        extend_model(load_base(asked, Machine()), tmp_path)


def test_without_words_nothing_is_trainable(asked: Model) -> None:
    assert trainable_rows(load_base(asked, Machine())) is None
