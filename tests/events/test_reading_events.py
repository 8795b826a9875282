"""What happened in a stream can be read without what surrounds it."""

from events.envelope import UnknownEvent
from tests.events.conftest import Open, append_foreign, append_story
from tests.events.stories import a_day


def test_events_alone_are_those_of_the_stream(opened: Open) -> None:
    """In their order, one for each version, also those that are not known."""
    log = opened()
    append_story(log, a_day())
    append_foreign(log, "recipe-qwen", "recipe-danced", b'{"n":1}')
    for stream in ("recipe-qwen", "engine-e0", "nothing"):
        whole = log.read_stream(stream)
        assert log.read_events(stream) == [one.event for one in whole]
        assert log.read_events(stream, after=2) == [one.event for one in whole[2:]]
        assert len(log.read_events(stream)) == (whole[-1].version if whole else 0)
    assert isinstance(log.read_events("recipe-qwen")[-1], UnknownEvent)
