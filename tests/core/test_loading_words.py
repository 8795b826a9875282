"""How far a load is, in words, and where the model of a waiting request stands."""

import pytest

from core.gateway.loading_stream import Loading
from core.loading_progress import LoadingProgress
from core.loading_words import how_far, rounded
from core.status import EngineState, EngineView, SwitchView


@pytest.mark.parametrize(
    ("percent", "eta_s", "late", "words"),
    [
        (42.4, 12.2, False, " 42 %, about 10 s left"),
        (42.0, None, False, " 42 %"),
        (99.0, 0.5, False, " 99 %, almost there"),
        (90.0, 30.0, True, " 90 %, longer than usual"),
        (None, None, False, ""),
        (None, 300.0, False, ", about 5 min left"),
    ],
)
def test_how_far_it_is(percent: float | None, eta_s: float | None, late: bool, words: str) -> None:
    """As exact as a guess may be; never "0 s"."""
    assert how_far(percent, eta_s, late=late) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3.4, "3 s"), (12.0, "10 s"), (88.0, "90 s"), (95.0, "2 min"), (5400.0, "1.5 h")],
)
def test_seconds_are_rounded(seconds: float, words: str) -> None:
    """The longer, the rougher."""
    assert rounded(seconds) == words


def engine(state: EngineState, **fields: object) -> EngineView:
    """One run of recipe "a"."""
    return EngineView(
        engine_id="e", recipe_id="a", kind="vllm", runtime=None, state=state, since=1, port=1,
        **fields,  # type: ignore[arg-type]  # filled from a table
    )  # fmt: skip


def change(step: str, target: str = "a") -> SwitchView:
    """A switch under way."""
    return SwitchView(
        switch_id="s", kind="switch", target=target, step=step, since=1, actor="api", in_flight=3
    )


@pytest.mark.parametrize(
    ("engines", "changes", "before", "told"),
    [
        (
            (engine("loading", phase="compiling", percent=60.0, eta_s=4.0),),
            (change("starting"),),
            None,
            Loading(name="A", step="loading", phase="compiling", percent=60.0, eta_s=4.0),
        ),
        ((engine("ready"),), (), None, Loading(name="A", step="routing")),
        ((), (change("draining"),), None, Loading(name="A", step="draining", in_flight=3)),
        ((engine("failed"),), (change("evicting"),), None,
         Loading(name="A", step="evicting", in_flight=3)),
        ((), (change("starting"),), None, Loading(name="A", step="loading", in_flight=3)),
        ((), (change("starting", "b"),), 1, Loading(name="A", before=1)),
        ((), (), None, Loading(name="A")),
    ],
)  # fmt: skip
def test_where_a_model_stands(
    engines: tuple[EngineView, ...],
    changes: tuple[SwitchView, ...],
    before: int | None,
    told: Loading,
) -> None:
    """Its own load says most, then the change that brings it, then the queue."""
    progress = LoadingProgress(
        resolve={"alias": "a"}.get,
        public_name=str.upper,
        engines=lambda: engines,
        changes=lambda: changes,
        queued=lambda recipe_id: before,
    )
    assert progress("alias") == told
    assert progress("unknown") is None
