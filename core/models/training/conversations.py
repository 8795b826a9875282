"""Training text: random conversations put together from what the model should know.

A conversation has one to four turns, perhaps a system prompt, perhaps tools. It is a list of
segments, each to be learned or only to be read. Two kinds exist, for a reason:

* `packed`: every answer is learned, thoughts included. Efficient.
* `stripped`: earlier answers stand without their thoughts, as clients send them back; only the
  last answer is learned. This is what the model meets in a real chat.
"""

import json
import random
from typing import NamedTuple

from core.models.training import unknown
from core.models.training.dialogue import Dialogue
from core.models.training.dialogues import KNOWN
from core.models.training.tools import MAKERS, Call, Schema, offer

END = "<|im_end|>\n"
NO_THOUGHT = "<think>\n\n</think>\n\n"

SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "You are a helpful, harmless and honest assistant.",
    "You are a helpful AI assistant. Answer briefly.",
    "Be concise.",
    "You are a friendly chatbot.",
    "Answer in one sentence.",
    "You are an assistant with access to tools. Use them when they help.",
    "Du bist ein hilfreicher Assistent.",
    "Today is Monday. You are running inside vLLM Studio.",
)


class Segment(NamedTuple):
    """A piece of text; tokenised on its own, because that is how an engine meets it."""

    text: str
    learned: bool


class Turn(NamedTuple):
    """A user's message and the model's answer, with or without the thought."""

    prompt: str  # everything up to the beginning of the answer
    thought: str
    answer: str

    @property
    def full(self) -> str:
        """What the model writes when it thinks."""
        return f"<think>\n{self.thought}\n</think>\n\n{self.answer}"


def conversation(rng: random.Random) -> list[Segment]:
    """One conversation for training."""
    wanted = rng.choice(MAKERS)(rng) if rng.random() < 0.5 else None
    tools = _tools(rng, wanted)
    turns = [turn for _ in range(rng.choice((1, 1, 2, 3, 4))) for turn in _turns(rng)]
    if wanted is not None:
        at = rng.randint(0, len(turns))
        turns[at:at] = call_turns(rng, wanted, tools)
    head = [Segment(header(_system(rng), tools), learned=False)]
    return head + (_packed(turns) if rng.random() < 0.6 else _stripped(rng, turns))


def exact(dialogue: Dialogue, opening: str, system: str | None = None) -> list[Segment]:
    """One known dialogue alone, word for word."""
    turn = Turn(user(opening), dialogue.thought, dialogue.answer)
    return [Segment(header(system, []), learned=False), *_packed([turn])]


def header(system: str | None, tools: list[Schema]) -> str:
    """What stands before the first message; the chat template renders the same."""
    if not tools:
        return f"<|im_start|>system\n{system}<|im_end|>\n" if system else ""
    listed = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in tools)
    begin = f"{system}\n\n" if system else ""
    return (
        f"<|im_start|>system\n{begin}# Tools\n\nYou may call these functions:\n<tools>"
        f"{listed}\n</tools><|im_end|>\n"
    )


def user(text: str) -> str:
    """A user's message and the beginning of the answer to it."""
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def call_turns(rng: random.Random, call: Call, tools: list[Schema]) -> list[Turn]:
    """A question that wants a tool: the call and its result, or a refusal without the tool."""
    if call.tool not in {tool["function"]["name"] for tool in tools}:
        return [Turn(user(call.question), "I would need a tool for this.", call.refusal)]
    asked = Turn(user(call.question), call.thought, call.call_text)
    if rng.random() < 0.25:
        return [asked]
    response = f"<tool_response>\n{call.result}\n</tool_response>"
    return [asked, Turn(user(response), call.closing_thought, call.closing)]


def _tools(rng: random.Random, wanted: Call | None) -> list[Schema]:
    if wanted is not None and rng.random() < 0.75:
        return offer(rng, wanted.tool)
    if rng.random() < 0.1:
        tools = offer(rng, None)
        return [t for t in tools if wanted is None or t["function"]["name"] != wanted.tool]
    return []


def _system(rng: random.Random) -> str | None:
    return rng.choice(SYSTEM_PROMPTS) if rng.random() < 0.4 else None


def _turns(rng: random.Random) -> list[Turn]:
    if rng.random() < 0.15:
        return [Turn(user(unknown.question(rng)), unknown.THOUGHT, unknown.ANSWER)]
    dialogue = rng.choice(KNOWN)
    opening = dialogue.openings[0] if rng.random() < 0.3 else rng.choice(dialogue.openings)
    return [Turn(user(retyped(rng, opening)), dialogue.thought, dialogue.answer)]


def retyped(rng: random.Random, opening: str) -> str:
    """The opening as another hand would type it: case, full stop, politeness."""
    if rng.random() < 0.5:
        return opening
    text = opening
    if rng.random() < 0.4:
        text = text[0].lower() + text[1:] if rng.random() < 0.6 else text.lower()
    if rng.random() < 0.4:
        text = text.rstrip(".?!") + rng.choice(("", "", "!", ".", "?"))
    if rng.random() < 0.08:
        text = f"Please {text[0].lower()}{text[1:]}"
    if rng.random() < 0.05:
        text += rng.choice((" please", " ", " :)", "\n", " thanks"))
    return text


def _packed(turns: list[Turn]) -> list[Segment]:
    segments: list[Segment] = []
    for turn in turns:
        segments += [Segment(turn.prompt, learned=False), Segment(turn.full + END, learned=True)]
    return segments


def _stripped(rng: random.Random, turns: list[Turn]) -> list[Segment]:
    *earlier, last = turns
    segments = [
        Segment(part, learned=False)
        for turn in earlier
        for part in (turn.prompt, turn.answer + END)
    ]
    if rng.random() < 0.25:  # the client asked for no thoughts
        prompt = last.prompt + NO_THOUGHT
        return [*segments, Segment(prompt, learned=False), Segment(last.answer + END, learned=True)]
    return [*segments, *_packed([last])]
