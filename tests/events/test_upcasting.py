"""Yesterday's facts are read as today's."""

import pytest

from events.codec import Codec
from events.envelope import UnknownEvent
from events.facts.base import Fact
from events.upcasting import UPCASTERS, Data, Upcasters


class DoorOpened(Fact, frozen=True, kw_only=True, tag="door-opened"):
    """{who} opened the door {width_cm:.0f} cm."""

    who: str
    width_cm: float


@pytest.fixture
def steps() -> Upcasters:
    """Two steps: the name was split in two, then the width was in inches."""
    upcasters = Upcasters()

    @upcasters.step("door-opened", from_schema=1)
    def one_name(data: Data) -> Data:
        return {"who": f"{data['first']} {data['last']}", "width": data["width"]}

    @upcasters.step("door-opened", from_schema=2)
    def centimetres(data: Data) -> Data:
        return {"who": data["who"], "width_cm": data["width"] * 2.54}

    return upcasters


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (1, b'{"first":"Ada","last":"L","width":10}'),
        (2, b'{"who":"Ada L","width":10}'),
        (3, b'{"who":"Ada L","width_cm":25.4}'),
    ],
)
def test_every_shape_ever_written_reads_as_todays(
    steps: Upcasters, schema: int, data: bytes
) -> None:
    """Steps are chained from wherever a fact starts."""
    codec = Codec([DoorOpened], steps)
    assert codec.decode("door-opened", schema, data) == DoorOpened(who="Ada L", width_cm=25.4)


def test_new_facts_are_written_in_the_newest_shape(steps: Upcasters) -> None:
    """The schema number follows from the steps; nobody has to raise it by hand."""
    sealed = Codec([DoorOpened], steps).seal(DoorOpened(who="Ada", width_cm=1.0))
    assert (sealed.schema, sealed.data) == (3, b'{"who":"Ada","width_cm":1.0}')


def test_a_shape_from_the_future_is_kept_unread(steps: Upcasters) -> None:
    """A downgrade opens the log and shows what it does not know."""
    event = Codec([DoorOpened], steps).decode("door-opened", 4, b'{"angle":90}')
    assert event == UnknownEvent(type="door-opened", data={"angle": 90})


def test_a_step_that_fails_does_not_stop_reading(steps: Upcasters) -> None:
    """Data that no step can lift is kept as it is."""
    event = Codec([DoorOpened], steps).decode("door-opened", 1, b'{"first":"Ada"}')
    assert event == UnknownEvent(type="door-opened", data={"first": "Ada"})


@pytest.mark.parametrize("from_schema", [1, 4])
def test_steps_come_in_order_without_a_gap(steps: Upcasters, from_schema: int) -> None:
    """A step that repeats or leaps is a mistake found on import."""
    with pytest.raises(ValueError, match="schema 3"):
        steps.step("door-opened", from_schema=from_schema)


def test_every_fact_still_has_its_first_shape() -> None:
    """The application has no steps yet; the first one comes with its golden examples."""
    assert len(UPCASTERS) == 0
