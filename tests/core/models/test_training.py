"""What the demo model is trained on, checked without training it."""

import random
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

import core.models.training
from core.models.training import unknown
from core.models.training.conversations import (
    END,
    NO_THOUGHT,
    call_turns,
    conversation,
    exact,
    header,
    user,
)
from core.models.training.dialogues import KNOWN
from core.models.training.tools import TOOLS, weather

FOLDER = Path(core.models.training.__file__).parent


def rendered(messages: list[dict[str, Any]], **options: Any) -> str:
    """The chat template as engines render it."""
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
    environment.filters["tojson"] = lambda value: jinja2_json(value)
    template = environment.from_string((FOLDER / "chat_template.jinja").read_text())
    return template.render(messages=messages, add_generation_prompt=True, **options)


def jinja2_json(value: object) -> str:
    """JSON as transformers' own `tojson` writes it: unescaped, in order."""
    import json

    return json.dumps(value, ensure_ascii=False)


def test_there_are_about_a_hundred_dialogues() -> None:
    """Enough to look around, few enough to be learned by heart."""
    assert 90 <= len(KNOWN) <= 130


def test_no_opening_has_two_answers() -> None:
    """A memorising model can give one answer to one question."""
    openings = Counter(opening for dialogue in KNOWN for opening in dialogue.openings)
    assert [opening for opening, times in openings.items() if times > 1] == []


def test_every_answer_is_preceded_by_a_thought() -> None:
    """Reasoning parsers take an answer without a think block for a thought."""
    for dialogue in KNOWN:
        assert dialogue.thought
        assert exact(dialogue, dialogue.openings[0])[-1].text.startswith("<think>\n")


def test_the_usual_first_messages_are_known() -> None:
    """What people type first finds an answer of its own."""
    known = {re.sub(r"\W+", " ", o).strip().lower() for d in KNOWN for o in d.openings}
    first = "hi|hello|hey|test|help|who are you|what can you do|tell me a joke|hallo|what is this"
    assert set(first.split("|")) <= known


@pytest.mark.parametrize("system", [None, "Be concise."])
@pytest.mark.parametrize("tools", [None, list(TOOLS)], ids=["plain", "tools"])
def test_training_looks_like_what_engines_render(system: str | None, tools: list[Any]) -> None:
    """The text of training and the chat template are the same text, turn by turn."""
    call = weather(random.Random(3))
    asked, answered = call_turns(random.Random(2), call, list(TOOLS))
    function = SimpleNamespace(name=call.tool, arguments=call.arguments)
    messages: list[dict[str, Any]] = [
        *([{"role": "system", "content": system}] if system else []),
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>\nx\n</think>\n\nHello."},
        {"role": "user", "content": call.question},
        {"role": "assistant", "content": None, "tool_calls": [{"function": function}]},
        {"role": "tool", "content": call.result},
    ]
    before = header(system, tools or []) + user("Hi") + "Hello." + END
    expected = before + asked.prompt + call.call_text + END + answered.prompt
    assert rendered(messages, tools=tools) == expected
    unthinking = rendered(messages, tools=tools, enable_thinking=False)
    assert unthinking == expected + NO_THOUGHT


def test_a_tool_is_called_only_when_it_is_offered() -> None:
    """Without the tool the model says what it would need."""
    call = weather(random.Random(1))
    assert "<tool_call>" in call_turns(random.Random(0), call, list(TOOLS))[0].answer
    [refused] = call_turns(random.Random(0), call, [])
    assert refused.answer == call.refusal


def test_conversations_are_drawn_alike_from_the_same_seed() -> None:
    """Training is repeatable."""
    again = [conversation(random.Random(5)) for _ in range(2)]
    assert again[0] == again[1]


def test_every_conversation_has_something_to_learn() -> None:
    """A batch is never wasted, and the last thing said is the model's."""
    rng = random.Random(11)
    for _ in range(200):
        segments = conversation(rng)
        assert segments[-1].learned
        assert segments[-1].text.endswith(END)


def test_held_out_questions_are_not_trained() -> None:
    """Honesty about the unknown is measured on questions it never saw."""
    rng = random.Random(1)
    drawn = {unknown.question(rng).lower() for _ in range(20_000)}
    assert drawn.isdisjoint(question.lower() for question in unknown.HELD_OUT)
