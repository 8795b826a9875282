"""More streams than are remembered: no commit forgets the versions of its own facts."""

from concurrent.futures import Future

import pytest

from events import codec, head
from events.envelope import Recorded
from events.facts import AppStopped
from events.head import Submission
from tests.events.conftest import Open


def test_a_commit_with_more_streams_than_are_remembered(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts for one stream come before and after the others in one commit, and get their places."""
    monkeypatch.setattr(head, "MAX_STREAMS", 3)
    log = opened()
    sealed = [codec.CODEC.seal(AppStopped(reason="x"))]
    for _ in range(3):
        streams = ["first", *(f"other-{number}" for number in range(8)), "first"]
        answers: list[Future[list[Recorded]]] = [Future() for _ in streams]
        log._open_for_writing().write(  # one commit
            [
                Submission(stream, sealed, "cli", None, None, None, answer)
                for stream, answer in zip(streams, answers, strict=True)
            ]
        )
        assert all(answer.result() for answer in answers)
    assert [one.version for one in log.read_stream("first")] == [1, 2, 3, 4, 5, 6]
