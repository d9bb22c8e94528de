"""The same case through TRL's SFTTrainer: at its defaults, or with activations kept where the case keeps them.

On nf4 it turns LoRA's A and B into bf16 (its sft_trainer.py, 1.16), where rantau holds them in float32: less
memory for them and their moments, and coarser steps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.gpu.cases import Case


def train(
    case: Case, model: Path, rows: list[list[int]], out: Path, device: str, *, recompute: bool
) -> dict[str, Any]:
    """Raises ImportError where TRL is not installed. Returns {"micro_batch": ...}.

    recompute  TRL's own default is True
    """
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model=str(model),
        args=SFTConfig(
            output_dir=str(out),
            max_length=case.seq,
            per_device_train_batch_size=case.micro_batch,
            gradient_accumulation_steps=case.rows // case.micro_batch,
            num_train_epochs=1.0,
            learning_rate=2e-4,
            lr_scheduler_type="constant",
            gradient_checkpointing=recompute,
            save_strategy="no",
            report_to="none",
            use_cpu=device == "cpu",
            model_init_kwargs={"dtype": case.dtype},
        ),
        train_dataset=Dataset.from_dict({"input_ids": rows, "labels": rows}),
        processing_class=empty_tokenizer(),
        quantization_config=_quantisation(case),
        peft_config=LoraConfig(
            r=case.rank, lora_alpha=2 * case.rank, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
    )
    trainer.train()
    return {"micro_batch": case.micro_batch}


def empty_tokenizer() -> Any:
    """The rows are tokens already; TRL asks for a tokenizer all the same."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<unk>": 0, "<pad>": 1, "<eos>": 2}, unk_token="<unk>"))
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", pad_token="<pad>", eos_token="<eos>")


def _quantisation(case: Case) -> Any:
    if case.quantisation == "none":
        return None
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, case.dtype),
    )
