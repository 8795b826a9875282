"""Given these facts, when this is asked of a key, then these facts."""

from typing import Any

import pytest

from core.command_handler import Decider
from core.errors import Invalid, NotFound, Refused, StudioError
from core.keys import decider as rules
from core.keys.commands import IssueKey, KeyCommand, ReinstateKey, RevokeKey, SetLimits
from events.facts import KeyIssued, KeyLimitsSet, KeyReinstated, KeyRevoked
from events.facts.base import Fact
from events.facts.key import KeyLimits
from events.sentences import sentence

KEYS = Decider(initial=rules.initial, decide=rules.decide, evolve=rules.evolve)
ISSUED = KeyIssued(key_id="1", name="laptop", prefix="sk-studio-abc", digest="d")
TEN = KeyLimits(requests_per_minute=10)
LIMITED = KeyLimitsSet(key_id="1", name="laptop", limits=TEN)
REVOKED = KeyRevoked(key_id="1", name="laptop")


def issue(name: str = "laptop", **more: object) -> IssueKey:
    """A wish for a key."""
    fields = {"key_id": "1", "prefix": "sk-studio-abc", "digest": "d", "now": 1000, **more}
    return IssueKey(name=name, **fields)  # type: ignore[arg-type]  # filled from a table


def decided(*given: Fact, when: KeyCommand) -> list[Fact]:
    """What follows from a wish after these facts."""
    return list(KEYS.decide(when, KEYS.fold(given)))


def test_a_key_is_issued_with_its_hash_and_never_its_secret() -> None:
    """What the log gets is what was on the command: a prefix and a digest."""
    assert decided(when=issue()) == [ISSUED]
    assert decided(when=issue(expires_at=2000)) == [
        KeyIssued(key_id="1", name="laptop", prefix="sk-studio-abc", digest="d", expires_at=2000)
    ]


@pytest.mark.parametrize(
    ("wish", "refusal", "word"),
    [
        (issue(" laptop"), Invalid, "spaces"),
        (issue(""), Invalid, "1 to 100"),
        (issue("a\nb"), Invalid, "one line"),
        (issue("x" * 101), Invalid, "100"),
        (issue(expires_at=1000), Invalid, "expire"),
        (issue(taken_names=frozenset({"laptop"})), Refused, "laptop"),
    ],
)
def test_a_wish_that_can_not_be_is_refused_in_a_sentence(
    wish: IssueKey, refusal: type[StudioError], word: str
) -> None:
    """Names, moments and names that are taken."""
    with pytest.raises(refusal, match=word):
        decided(when=wish)


def test_revoking_is_once_and_for_ever() -> None:
    """A repeat changes nothing, and a revoked id is never issued again."""
    assert decided(ISSUED, when=RevokeKey(key_id="1")) == [REVOKED]
    assert decided(ISSUED, REVOKED, when=RevokeKey(key_id="1")) == []
    with pytest.raises(Refused, match="already"):
        decided(ISSUED, REVOKED, when=issue())


def test_an_unknown_key_can_not_be_revoked() -> None:
    """404, with where to look."""
    with pytest.raises(NotFound, match="there is no key"):
        decided(when=RevokeKey(key_id="2"))


def test_a_key_is_issued_with_its_limits() -> None:
    """In one go, so that it is never in force without them."""
    assert decided(when=issue(limits=TEN)) == [ISSUED, LIMITED]


def test_limits_are_set_whole_and_a_repeat_changes_nothing() -> None:
    """The fact holds all of them, whatever changed."""
    assert decided(ISSUED, when=SetLimits(key_id="1", limits=TEN)) == [LIMITED]
    assert decided(ISSUED, LIMITED, when=SetLimits(key_id="1", limits=TEN)) == []
    free = KeyLimitsSet(key_id="1", name="laptop", limits=KeyLimits())
    assert decided(ISSUED, LIMITED, when=SetLimits(key_id="1", limits=KeyLimits())) == [free]
    assert sentence(LIMITED) == "The key laptop has new limits: requests_per_minute 10."


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"scopes": ()}, "scopes"),
        ({"scopes": ("root",)}, "scopes"),
        ({"lanes": ("fast",)}, "lanes"),
        ({"lanes": ("gateway",), "preferred_lane": "direct"}, "preferred_lane"),
        ({"models": (" qwen",)}, "models"),
        ({"models": ("m",) * 1001}, "models"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"tokens_per_minute": -1}, "tokens_per_minute"),
        ({"parallel": 2_000_000_000}, "parallel"),
        ({"budget_day": 0.0}, "budget_day"),
        ({"budget_month": float("nan")}, "budget_month"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits: dict[str, Any], field: str) -> None:
    """With the field's name, at the issue and later."""
    for when in (
        issue(limits=KeyLimits(**limits)),
        SetLimits(key_id="1", limits=KeyLimits(**limits)),
    ):
        given = [ISSUED] if isinstance(when, SetLimits) else []
        with pytest.raises(Invalid) as refused:
            decided(*given, when=when)
        assert refused.value.field == field


def test_only_a_key_in_force_has_limits() -> None:
    """404 for one that never was, 409 for one that was revoked."""
    with pytest.raises(NotFound):
        decided(when=SetLimits(key_id="1", limits=TEN))
    with pytest.raises(Refused, match="revoked"):
        decided(ISSUED, REVOKED, when=SetLimits(key_id="1", limits=TEN))


def test_a_revoked_key_is_reinstated_with_what_it_might() -> None:
    """Its limits are those from before; one that is in force stays so."""
    again = KeyReinstated(key_id="1", name="laptop")
    wish = ReinstateKey(key_id="1")
    assert decided(ISSUED, LIMITED, REVOKED, when=wish) == [again]
    assert decided(ISSUED, when=wish) == []
    assert decided(ISSUED, LIMITED, REVOKED, again, when=SetLimits(key_id="1", limits=TEN)) == []
    with pytest.raises(NotFound):
        decided(when=wish)


def test_a_name_that_another_key_has_by_now_is_not_given_twice() -> None:
    """The other one must go first."""
    wish = ReinstateKey(key_id="1", taken_names=frozenset({"laptop"}))
    with pytest.raises(Refused, match="laptop"):
        decided(ISSUED, REVOKED, when=wish)
