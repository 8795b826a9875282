"""What the terminal says of a state, where a wrong word would mislead."""

from desktop.cli.changing import not_running, outcome
from desktop.cli.status import change_in_words, in_words


def test_an_eviction_of_nothing_does_not_claim_one() -> None:
    """ "Left memory" is said of what was in memory."""
    assert not_running("qwen") == "qwen was not running."
    assert not_running(None) == "Nothing was running."
    assert outcome("evict", "qwen", 1.25) == "qwen left memory after 1.2 s."


def test_a_change_is_named_for_what_it_does() -> None:
    """A switch goes to something, an eviction does not."""
    assert change_in_words({"kind": "switch", "target": "qwen"}) == "switch to qwen"
    assert change_in_words({"kind": "evict", "target": None}) == "evict everything"


def test_a_failure_comes_with_its_next_step() -> None:
    """Whoever looks at the status need not look at the JSON to know what to do."""
    failed = {
        "id": "qwen", "name": "Qwen", "state": "failed", "engine": "vllm", "model": "m",
        "error": "out of memory", "next_action": "lower the context",
    }  # fmt: skip
    said = in_words(
        {
            "headline": "Qwen failed",
            "endpoint": "e",
            "recipes": [failed],
            "engines": [],
            "gateway": {"state": "ready", "port": 4000},
        }
    )
    assert "failed    Qwen: out of memory" in said
    assert "→ lower the context" in said
