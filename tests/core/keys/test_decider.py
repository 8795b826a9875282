"""Given these facts, when this is asked of a key, then these facts."""

import pytest

from core.command_handler import Decider
from core.errors import Invalid, NotFound, Refused, StudioError
from core.keys import decider as rules
from core.keys.commands import IssueKey, RevokeKey
from events.facts import KeyIssued, KeyRevoked
from events.facts.base import Fact

KEYS = Decider(initial=rules.initial, decide=rules.decide, evolve=rules.evolve)
ISSUED = KeyIssued(key_id="1", name="laptop", prefix="sk-studio-abc", digest="d")
REVOKED = KeyRevoked(key_id="1", name="laptop")


def issue(name: str = "laptop", **more: object) -> IssueKey:
    """A wish for a key."""
    fields = {"key_id": "1", "prefix": "sk-studio-abc", "digest": "d", "now": 1000, **more}
    return IssueKey(name=name, **fields)  # type: ignore[arg-type]  # filled from a table


def decided(*given: Fact, when: IssueKey | RevokeKey) -> list[Fact]:
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
