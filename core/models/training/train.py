"""Make the demo model: `python -m core.models.training.train OUT [--steps N] [--begin MODEL]`.

Run from the repository's root with the interpreter of the transformers runtime. Everything is
seeded: the same torch on the same kind of processor with as many threads gives the same weights,
bit for bit. (`torch.use_deterministic_algorithms` changes nothing there and costs ten times the
time, so it is not set.) It takes ten minutes or so on one idle core.

The shipped model learned for 800 steps from nothing and went on, more gently, for 250, 450, 260
and 500: each time `--begin` with the model before it, until it passed. While it learned, the tools'
arguments became the fixed few that they are now.

Training ends with an examination in the precision the model is stored in, and fails when a known
dialogue is not answered word for word.
"""

import argparse
import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from core.models.training.card import write_card
from core.models.training.conversations import Segment, conversation, exact
from core.models.training.dialogues import KNOWN
from core.models.training.examination import examine
from core.models.training.tokenizer import CONTEXT, build_tokenizer

SEED = 20261123
LAYERS_RATE = 0.02
OTHERS_RATE = 4e-3
GOING_ON = 0.4  # of these rates, for a model that goes on learning
WARM_UP = 20  # steps
BATCH = 16
LONGEST = 480  # tokens of a training conversation; longer ones are dropped
IGNORED = -100


def build_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """A Qwen3 architecture, as small as it can be and still copy from its prompt."""
    torch.manual_seed(SEED)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    pad = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=192,
            intermediate_size=384,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=64,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=end,
            pad_token_id=pad,
            initializer_range=0.04,
        )
    )


def encode(
    tokenizer: PreTrainedTokenizerFast, segments: list[Segment]
) -> tuple[list[int], list[int]]:
    """Token ids and labels of one conversation."""
    ids: list[int] = []
    labels: list[int] = []
    for segment in segments:
        piece = tokenizer(segment.text, add_special_tokens=False)["input_ids"]
        ids += piece
        labels += piece if segment.learned else [IGNORED] * len(piece)
    return ids, labels


def batches(tokenizer: PreTrainedTokenizerFast, steps: int) -> Iterator[dict[str, Any]]:
    """Batches of conversations of about the same length, drawn afresh every time."""
    rng = random.Random(SEED)
    pool: list[tuple[list[int], list[int]]] = []
    made = 0
    while made < steps:
        while len(pool) < BATCH * 8:
            if rng.random() < 0.4:
                dialogue = rng.choice(KNOWN)
                segments = exact(dialogue, rng.choice(dialogue.openings))
            else:
                segments = conversation(rng)
            row = encode(tokenizer, segments)
            if len(row[0]) <= LONGEST:
                pool.append(row)
        pool.sort(key=lambda row: len(row[0]))
        chunks = [pool[at : at + BATCH] for at in range(0, len(pool), BATCH)]
        rng.shuffle(chunks)
        for chunk in chunks:
            yield padded(chunk, tokenizer.pad_token_id)
        made += len(chunks)
        pool = []


def padded(rows: list[tuple[list[int], list[int]]], pad: int) -> dict[str, Any]:
    """Rows as tensors of one length."""
    longest = max(len(ids) for ids, _ in rows)
    shape = (len(rows), longest)
    ids = torch.full(shape, pad)
    labels = torch.full(shape, IGNORED)
    mask = torch.zeros(shape, dtype=torch.long)
    for at, (row, wanted) in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        labels[at, : len(row)] = torch.tensor(wanted)
        mask[at, : len(row)] = 1
    return {"input_ids": ids, "labels": labels, "attention_mask": mask}


def train(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, steps: int, rate: float = 1.0
) -> None:
    """Muon for the matrices, AdamW for the rest, both falling to zero in a straight line.

    Muon needs a third of the steps that AdamW alone needed here.
    """
    optimizers = optimizers_for(model, rate)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / WARM_UP, (steps - step) / (steps - WARM_UP))
        )
        for optimizer in optimizers
    ]
    model.train()
    begun, smoothed = time.monotonic(), None
    for step, batch in enumerate(itertools.islice(batches(tokenizer, steps), steps)):
        loss = model(**batch).loss
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for part in (*optimizers, *schedules):
            part.step()
        smoothed = loss.item() if smoothed is None else 0.95 * smoothed + 0.05 * loss.item()
        if step % 25 == 0 or step == steps - 1:
            print(f"step {step} loss {smoothed:.4f} {time.monotonic() - begun:.0f} s", flush=True)
    model.eval()


def optimizers_for(model: Qwen3ForCausalLM, rate: float) -> tuple[torch.optim.Optimizer, ...]:
    """Muon takes the weights of the layers, AdamW the embedding and the norms."""
    named = list(model.named_parameters())
    layers = [p for name, p in named if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in named if p.ndim != 2 or "embed" in name]
    return (
        torch.optim.Muon(layers, lr=LAYERS_RATE * rate, weight_decay=0.0),
        torch.optim.AdamW(others, lr=OTHERS_RATE * rate, weight_decay=0.01, betas=(0.9, 0.98)),
    )


def save(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Store the model in bfloat16, deterministic for requests that ask for nothing special."""
    # top_k=1 keeps it deterministic even for clients that send a temperature of their own.
    model.generation_config = GenerationConfig(
        do_sample=True,
        top_k=1,
        eos_token_id=model.config.eos_token_id,
        pad_token_id=model.config.pad_token_id,
    )
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)


def main() -> None:
    """Train, examine, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--begin", type=Path, help="go on from this model and its tokenizer")
    parser.add_argument(
        "--earlier", type=int, default=0, help="steps that it has had, for the card"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.begin is None:
        tokenizer = build_tokenizer(SEED)
        model = build_model(tokenizer)
    else:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(arguments.begin)
        model = Qwen3ForCausalLM.from_pretrained(arguments.begin, dtype=torch.float32)
    print(f"{model.num_parameters():,} parameters, {len(tokenizer)} tokens", flush=True)
    train(model, tokenizer, arguments.steps, GOING_ON if arguments.begin else 1.0)
    save(model, tokenizer, arguments.out)
    report = examine(model, tokenizer)
    write_card(
        arguments.out,
        report,
        parameters=model.num_parameters(),
        steps=arguments.steps + arguments.earlier,
    )
    print(report.text)
    if report.wrong:
        raise SystemExit(f"{len(report.wrong)} known dialogues are not answered word for word")


if __name__ == "__main__":
    main()
