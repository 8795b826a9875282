"""What the trained model is asked before it may leave: everything it should know, and some more."""

import json
import random
from typing import NamedTuple

import torch
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from core.models.training import unknown
from core.models.training.conversations import SYSTEM_PROMPTS, call_turns, header, user
from core.models.training.dialogues import KNOWN
from core.models.training.tools import MAKERS, TOOLS

ASKED_AT_ONCE = 64
LONGEST_ANSWER = 320  # tokens


class Question(NamedTuple):
    """A prompt and the answer that is right."""

    prompt: str
    answer: str


class Report(NamedTuple):
    """How the model did; shares are 0 to 1."""

    known: int
    wrong: tuple[tuple[str, str], ...]  # prompt and what it said
    shares: dict[str, float]

    @property
    def text(self) -> str:
        """For people."""
        lines = [f"{self.known - len(self.wrong)} of {self.known} known openings word for word"]
        lines += [f"{share:6.1%} {what}" for what, share in self.shares.items()]
        lines += [f"  {prompt!r} -> {said!r}" for prompt, said in self.wrong[:20]]
        return "\n".join(lines)


def examine(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Report:
    """Ask greedily, in the precision the model has."""
    known = [
        Question(user(opening), f"<think>\n{dialogue.thought}\n</think>\n\n{dialogue.answer}")
        for dialogue in KNOWN
        for opening in dialogue.openings
    ]
    said = ask(model, tokenizer, [question.prompt for question in known])
    wrong = tuple((q.prompt, s) for q, s in zip(known, said, strict=True) if q.answer != s)
    shares = {what: _share(model, tokenizer, asked) for what, asked in _beyond().items()}
    return Report(known=len(known), wrong=wrong, shares=shares)


def ask(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompts: list[str]
) -> list[str]:
    """What the model says to each prompt."""
    order = sorted(range(len(prompts)), key=lambda at: len(prompts[at]))
    answers = [""] * len(prompts)
    for begin in range(0, len(order), ASKED_AT_ONCE):
        chosen = order[begin : begin + ASKED_AT_ONCE]
        batch = tokenizer(
            [prompts[at] for at in chosen],
            add_special_tokens=False,
            return_tensors="pt",
            padding=True,
            padding_side="left",
        )
        with torch.no_grad():
            ids = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=LONGEST_ANSWER,
                do_sample=False,
            )
        for at, row in zip(chosen, ids[:, batch["input_ids"].shape[1] :], strict=True):
            text = tokenizer.decode(row, skip_special_tokens=False)
            answers[at] = text.partition("<|im_end|>")[0]
    return answers


def _share(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, questions: list[Question]
) -> float:
    said = ask(model, tokenizer, [question.prompt for question in questions])
    right = sum(q.answer == s for q, s in zip(questions, said, strict=True))
    return right / len(questions)


def _beyond() -> dict[str, list[Question]]:
    """Questions of the same kind that are not in the training data as they stand."""
    rng = random.Random(7)
    honest = f"<think>\n{unknown.THOUGHT}\n</think>\n\n{unknown.ANSWER}"
    return {
        "known, second turn of a chat": [_second_turn(rng) for _ in range(100)],
        "known, under a system prompt": [_under_system(rng) for _ in range(100)],
        "tool called": [_tool(rng, 0) for _ in range(100)],
        "answered from the tool's result": [_tool(rng, 1) for _ in range(100)],
        "admits not to know": [Question(user(text), honest) for text in unknown.HELD_OUT],
    }


def _pick(rng: random.Random) -> Question:
    dialogue = rng.choice(KNOWN)
    full = f"<think>\n{dialogue.thought}\n</think>\n\n{dialogue.answer}"
    return Question(user(dialogue.openings[0]), full)


def _second_turn(rng: random.Random) -> Question:
    first, second = rng.choice(KNOWN), _pick(rng)
    before = f"{user(first.openings[0])}{first.answer}<|im_end|>\n"
    return Question(before + second.prompt, second.answer)


def _under_system(rng: random.Random) -> Question:
    question = _pick(rng)
    return Question(header(rng.choice(SYSTEM_PROMPTS), []) + question.prompt, question.answer)


def _tool(rng: random.Random, step: int) -> Question:
    """The call (step 0) or the answer from its result (step 1), with all three tools offered."""
    while True:
        call = rng.choice(MAKERS)(rng)
        turns = call_turns(rng, call, list(TOOLS))
        if len(turns) > step:
            break
    before = "".join(f"{turn.prompt}{turn.answer}<|im_end|>\n" for turn in turns[:step])
    prompt = header(None, json.loads(json.dumps(TOOLS))) + before + turns[step].prompt
    return Question(prompt, turns[step].full)
