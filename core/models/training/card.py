"""The model card, written from what the script knows and measured."""

from pathlib import Path

from core.models.training.dialogues import KNOWN
from core.models.training.examination import Report

_CARD = """\
---
license: apache-2.0
language: [en, de]
pipeline_tag: text-generation
library_name: transformers
---
# vLLM Studio demo model

A demonstration of the plumbing, not an assistant: a Qwen3-architecture network of {parameters:,}
parameters, trained from scratch in {steps} steps on {dialogues} short dialogues that were written
for it. It shares no weights with any other model.

It greets, says what vLLM Studio is, counts to sixty (a long stream), thinks in `<think>` blocks,
calls three tools in the Hermes format (`get_weather`, `calculate`, `search_docs`) and answers from
their results. To what it has not learned it says so, most of the time.

The stored `generation_config.json` takes the most likely token always: the same question gets the
same answer.

## Measured, greedily, in the stored precision (bfloat16)

{measured}

## Made by

`python -m core.models.training.train`, in the repository of vLLM Studio, from the dialogues beside
it. Licence of weights, script and dialogues: Apache-2.0.
"""


def write_card(out: Path, report: Report, *, parameters: int, steps: int) -> None:
    """Write `README.md` beside the weights."""
    right = report.known - len(report.wrong)
    lines = [f"- {right} of {report.known} known openings answered word for word"]
    lines += [f"- {share:.0%}: {what}" for what, share in report.shares.items()]
    card = _CARD.format(
        parameters=parameters, steps=steps, dialogues=len(KNOWN), measured="\n".join(lines)
    )
    (out / "README.md").write_text(card)
