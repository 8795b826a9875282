"""Every event tells itself in one sentence."""

import pytest
from hypothesis import given

from events.codec import FACT_TYPES, wire_name
from events.envelope import UnknownEvent
from events.facts import (
    AppStarted,
    EngineBecameReady,
    EngineCrashed,
    EngineMemoryMeasured,
    EngineStartFailed,
    GatewayConfigApplied,
    SettingChanged,
    SwitchDrained,
    SwitchRequested,
)
from events.facts.base import Fact
from events.sentences import LONGEST, sentence
from tests.events.shapes import facts


@given(facts())
def test_every_fact_can_be_told_whatever_stands_in_it(fact: Fact) -> None:
    """Telling never fails and always gives one line."""
    told = sentence(fact)
    assert told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("kind", FACT_TYPES, ids=wire_name)
def test_a_sentence_names_only_fields_that_are_there(kind: type[Fact]) -> None:
    """A field that is renamed must be renamed in its sentence too."""
    import string

    template = (kind.__doc__ or "").strip().splitlines()[0]
    named = {field for _, field, _, _ in string.Formatter().parse(template) if field}
    in_words = {name for name in named if isinstance(getattr(kind, name, None), property)}
    assert named - in_words <= set(kind.__struct_fields__)
    assert template.endswith(".")


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (AppStarted(version="0.1.0", pid=1), "vLLM Studio 0.1.0 started."),
        (
            EngineBecameReady(engine_id="e", recipe_id="qwen", seconds=12.345),
            "qwen answers after 12.3 s.",
        ),
        (
            SwitchRequested(switch_id="s", kind="evict", target=None, evict=()),
            "Asked to evict everything.",
        ),
        (GatewayConfigApplied(models=("a", "b")), "The gateway now routes: a, b."),
        (GatewayConfigApplied(models=()), "The gateway now routes: nothing."),
        (SwitchDrained(switch_id="s"), "No request is in the way any more."),
        (
            SettingChanged(key="k", value=True, previous=None),
            "The setting k was changed from nothing to on.",
        ),
        (
            SettingChanged(key="k", value={"a": 1}, previous=False),
            'The setting k was changed from off to {"a":1}.',
        ),
        (
            EngineStartFailed(engine_id="e", recipe_id="q", reason="no\n  memory", code="oom"),
            "q could not be started: no memory.",
        ),
    ],
)
def test_values_are_told_in_words(fact: Fact, told: str) -> None:
    """Numbers are rounded, lists are joined, nothing is called nothing."""
    assert sentence(fact) == told


@pytest.mark.parametrize(
    ("host", "gpus", "told"),
    [
        (45 * 2**20, {}, "45 MiB of main memory"),
        (4096, {}, "4 KiB of main memory"),
        (3 * 2**29, {"a": 2**33, "b": 2**30}, "1.5 GiB of main memory and 9.0 GiB of GPU memory"),
        (0, {}, "an unknown amount of memory"),
    ],
)
def test_memory_is_told_in_units_of_its_size(host: int, gpus: dict[str, int], told: str) -> None:
    """What is there is never told as nothing."""
    fact = EngineMemoryMeasured(engine_id="e", recipe_id="qwen", revision=1, host=host, gpus=gpus)
    assert sentence(fact) == f"qwen holds {told}."


def test_an_unknown_event_says_that_it_is_unknown() -> None:
    """A newer version's event still has a line on the timeline."""
    assert "comet-passed" in sentence(UnknownEvent(type="comet-passed", data={}))


def test_a_long_value_is_shortened() -> None:
    """One value cannot fill the screen."""
    assert len(sentence(SettingChanged(key="k", value="x" * 9999))) < LONGEST + 60


def test_braces_in_a_value_are_only_text() -> None:
    """What somebody typed is never taken for a template."""
    assert sentence(SettingChanged(key="{value}", value="{key.__class__}")) == (
        "The setting {value} was changed from nothing to {key.__class__}."
    )


def test_a_reason_that_is_a_sentence_ends_with_one_full_stop() -> None:
    """Whoever wrote the reason; three dots are meant."""
    crashed = EngineCrashed(engine_id="e", recipe_id="qwen", reason="It was killed.", code="x")
    assert sentence(crashed).endswith("It was killed.")
    waiting = EngineCrashed(engine_id="e", recipe_id="qwen", reason="waiting ..", code="x")
    assert sentence(waiting).endswith("waiting ...")
