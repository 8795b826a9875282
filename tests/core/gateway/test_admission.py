"""The wait for a model: one for each recipe, and nobody is forgotten or waited for in vain."""

import asyncio
from pathlib import Path

import pytest

from core.errors import EngineFailure, StudioError
from core.gateway.admission import Admission
from core.gateway.errors import ModelNotFound, TooMany, WaitedTooLong
from core.gateway.inflight import InFlight
from core.gateway.routes import Route, Routes, RouteTable
from core.settings import Settings
from tests.core.gateway.test_routes import route
from tests.core.gateway.virtual_time import LoopClock, run, settle

NAMES = {"a": "a", "alias": "a", "b": "b", "default": "a"}


class Switching:
    """Stands for the switchboard: hears wishes and fulfils them when told to."""

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        self.asked: list[tuple[str, str, str]] = []
        self.forgotten: list[str] = []
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def ask(self, recipe_id: str, actor: str, correlation_id: str) -> None:
        """Start or join a switch."""
        self.asked.append((recipe_id, actor, correlation_id))
        try:
            await asyncio.shield(self.answer)
        except asyncio.CancelledError:
            self.forgotten.append(recipe_id)
            raise

    def serve(self, *routes: Route) -> None:
        """The model is there."""
        self.routes.replace(RouteTable.of(routes))

    def succeed(self) -> None:
        """The switch is done."""
        self.answer.set_result(None)

    def fail(self, error: StudioError) -> None:
        """The switch failed."""
        self.answer.set_exception(error)
        self.answer.exception()


class Bench:
    """Admission with everything around it."""

    def __init__(self, *, bound_s: float = 900.0, **more: object) -> None:
        self.routes = Routes()
        self.switching = Switching(self.routes)
        self.admission = Admission(
            resolve=NAMES.get,
            ask=self.switching.ask,
            routes=self.routes,
            clock=LoopClock(),
            settings=Settings(home=Path("unused"), admission_timeout_s=bound_s),
            **more,  # type: ignore[arg-type]  # passed on as given
        )

    def request(self, name: str = "a", request_id: str = "r1") -> "asyncio.Task[Route]":
        """A request that names `name`."""
        return asyncio.create_task(self.admission.admit(name, actor="api", request_id=request_id))


def test_fifty_requests_ask_once_and_all_go_on() -> None:
    """However many wait, there is one wish for the model (C20)."""

    async def scenario() -> None:
        bench = Bench()
        requests = [bench.request(request_id=str(n)) for n in range(50)]
        await settle()
        assert bench.switching.asked == [("a", "api", "0")]
        bench.switching.serve(route("a"))
        assert {(await r).recipe_id for r in requests} == {"a"}

    run(scenario())


def test_an_alias_joins_the_wait_of_its_recipe() -> None:
    """Names are many, recipes one (C04)."""

    async def scenario() -> None:
        bench = Bench()
        requests = [bench.request("a"), bench.request("alias")]
        await settle()
        bench.switching.serve(route("a"), route("alias", "a"))
        assert [(await r).name for r in requests] == ["a", "alias"]
        assert len(bench.switching.asked) == 1

    run(scenario())


def test_a_name_the_table_does_not_know_gets_its_recipes_route() -> None:
    """Such as "default", which a setting resolves."""

    async def scenario() -> None:
        bench = Bench()
        bench.switching.serve(route("a"))
        assert (await bench.request("default")).name == "a"
        assert bench.switching.asked == []

    run(scenario())


def test_an_unknown_name_starts_nothing() -> None:
    """It is refused at once (C05)."""

    async def scenario() -> None:
        bench = Bench()
        with pytest.raises(ModelNotFound, match="nowhere"):
            await bench.request("nowhere")
        assert bench.switching.asked == []

    run(scenario())


def test_a_failed_load_is_told_to_everybody_at_once() -> None:
    """Not at anybody's deadline (C28)."""

    async def scenario() -> None:
        bench = Bench()
        requests = [bench.request(request_id=str(n)) for n in range(5)]
        await settle()
        bench.switching.fail(EngineFailure("a ended", exit_code=1))
        failures = await asyncio.gather(*requests, return_exceptions=True)
        assert [type(f) for f in failures] == [EngineFailure] * 5
        assert asyncio.get_running_loop().time() == 0

    run(scenario())


def test_an_unforeseen_failure_is_told_as_well() -> None:
    """Nobody waits for a wish that has crashed."""

    async def scenario() -> None:
        bench = Bench()
        request = bench.request()
        await settle()
        bench.switching.answer.set_exception(RuntimeError("a bug"))
        with pytest.raises(StudioError, match="a bug"):
            await request

    run(scenario())


def test_each_request_has_its_own_bound() -> None:
    """The first gives up at its time, the later one waits on and is served."""

    async def scenario() -> None:
        bench = Bench(bound_s=100.0)
        early = bench.request(request_id="early")
        await asyncio.sleep(60)
        late = bench.request(request_id="late")
        with pytest.raises(WaitedTooLong, match="100 s"):
            await early
        assert bench.switching.forgotten == []
        bench.switching.serve(route("a"))
        assert (await late).recipe_id == "a"

    run(scenario())


def test_one_who_hangs_up_is_forgotten_and_the_others_wait_on() -> None:
    """A caller who left neither holds a place nor ends the wait."""

    async def scenario() -> None:
        bench = Bench()
        leaver, stayer = bench.request(request_id="1"), bench.request(request_id="2")
        await settle()
        leaver.cancel()
        await settle()
        assert [view.requests for view in bench.admission.waiting()] == [1]
        assert bench.switching.forgotten == []
        bench.switching.serve(route("a"))
        await stayer

    run(scenario())


def test_when_the_last_waiter_leaves_the_wish_is_taken_back() -> None:
    """Nothing starts for nobody (C26); what has begun is switching's to decide."""

    async def scenario() -> None:
        bench = Bench()
        requests = [bench.request(request_id=str(n)) for n in range(3)]
        await settle()
        for request in requests:
            request.cancel()
        await settle()
        assert bench.switching.forgotten == ["a"]
        assert bench.admission.waiting() == ()

    run(scenario())


def test_a_route_that_somebody_else_made_lets_everybody_through() -> None:
    """A preload or a click in the tray serves waiters too; their own wish, which may not even
    have begun, is forgotten with them: else it would start the model for nobody later on.
    """

    async def scenario() -> None:
        bench = Bench()
        request = bench.request()
        await settle()
        bench.switching.serve(route("a"))
        await request
        await settle()
        assert bench.switching.forgotten == ["a"]

    run(scenario())


def test_a_model_that_came_and_went_is_asked_for_again() -> None:
    """The switch was done, but another one took the place before anybody got through."""

    async def scenario() -> None:
        bench = Bench()
        request = bench.request()
        await settle()
        bench.switching.succeed()
        await settle()
        bench.switching.answer = asyncio.get_running_loop().create_future()
        await asyncio.sleep(1)
        assert len(bench.switching.asked) == 2
        bench.switching.serve(route("a"))
        await request

    run(scenario())


def test_after_everybody_left_a_new_request_opens_a_new_wait() -> None:
    """No wish is lost in the shadow of a withdrawn one."""

    async def scenario() -> None:
        bench = Bench()
        first = bench.request()
        await settle()
        first.cancel()
        second = bench.request(request_id="r2")
        await settle()
        assert [asked[2] for asked in bench.switching.asked] == ["r1", "r2"]
        bench.switching.serve(route("a"))
        await second

    run(scenario())


def test_the_queue_has_an_end() -> None:
    """One more than may wait gets 429, the others keep their places."""

    async def scenario() -> None:
        bench = Bench(max_waiting=2)
        kept = [bench.request(request_id=str(n)) for n in range(2)]
        await settle()
        with pytest.raises(TooMany):
            await bench.request(request_id="third")
        bench.switching.serve(route("a"))
        await asyncio.gather(*kept)

    run(scenario())


def test_a_recipes_own_limit_refuses_before_the_load_is_done() -> None:
    """What could not be served in time need not wait (C24)."""

    async def scenario() -> None:
        bench = Bench(concurrency=lambda recipe_id: 1)
        kept = bench.request()
        await settle()
        with pytest.raises(TooMany):
            await bench.request(request_id="second")
        bench.switching.serve(route("a"))
        await kept

    run(scenario())


def test_who_is_refused_has_asked_for_nothing() -> None:
    """Its model is on its way out and still serves as many as it may: nobody waits for it."""

    async def scenario() -> None:
        inflight = InFlight(LoopClock())
        bench = Bench(concurrency=lambda recipe_id: 1, inflight=inflight)
        inflight.enter(route("a"), "running", lambda reason: None)
        with pytest.raises(TooMany):
            await bench.request(request_id="second")
        await settle()
        assert bench.switching.asked == []

    run(scenario())


def test_waiting_tells_how_many_and_since_when() -> None:
    """For the status page."""

    async def scenario() -> None:
        bench = Bench()
        await asyncio.sleep(1)
        requests = [bench.request("a", "1"), bench.request("a", "2"), bench.request("b", "3")]
        await settle()
        seen = [(v.recipe_id, v.requests, v.oldest_since) for v in bench.admission.waiting()]
        assert seen == [("a", 2, 1_000_000), ("b", 1, 1_000_000)]
        for request in requests:
            request.cancel()
        await settle()

    run(scenario())


def test_closing_tells_everybody_who_waits() -> None:
    """No request is left hanging when the app stops."""

    async def scenario() -> None:
        bench = Bench()
        request = bench.request()
        await settle()
        await bench.admission.close()
        with pytest.raises(StudioError, match="stopping"):
            await request

    run(scenario())
