"""Keeps the gateway's routing and our route table equal to what is really there.

Withdrawing is at once and without waiting: after `withdraw` returns no new request gets through.
Offering is in order: first LiteLLM knows the engine, then our table names it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from core.engines.fleet import Endpoint, Fleet
from core.errors import StudioError
from core.gateway.gateway import Gateway
from core.gateway.routes import Route, Routes, RouteTable
from core.offers.provider import RemoteModel
from core.recipes.book import RecipeBook
from core.recipes.recipe import Recipe
from events.errors import EventError

log = logging.getLogger(__name__)

RETRY_S = 2.0  # after the gateway refused a routing; it also gets it again whenever it restarts


class RoutePublisher:
    """One task that follows fleet and recipes and publishes routes."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        book: RecipeBook,
        gateway: Gateway,
        routes: Routes,
        route_for: Callable[[str, Recipe, Endpoint], Route],
        remote: Callable[[], Sequence[RemoteModel]] = tuple,
        remote_route: Callable[[RemoteModel], Route] | None = None,
    ) -> None:
        """`remote`: the models of providers, which are always there."""
        self._fleet = fleet
        self._book = book
        self._gateway = gateway
        self._routes = routes
        self._route_for = route_for
        self._remote = remote
        self._remote_route = remote_route
        self._withdrawn: frozenset[str] = frozenset()
        self._dirty = asyncio.Event()
        if remote():
            self._dirty.set()
        self._published = asyncio.Condition()
        self._serving: frozenset[str] = frozenset()
        fleet.listen(self.refresh)

    @property
    def serving(self) -> frozenset[str]:
        """Recipe ids with a published route."""
        return self._serving

    def refresh(self) -> None:
        """Something may have changed: what is gone is withdrawn now, what came is offered soon."""
        alive = self._fleet.endpoints()
        self._keep_only({r for r in self._serving if self._same_engine(r, alive)})
        self._dirty.set()

    def withdraw(self, recipe_ids: Sequence[str]) -> None:
        """No new request gets to these until `restore`."""
        self._withdrawn |= frozenset(recipe_ids)
        self._keep_only(self._serving - self._withdrawn)
        self._dirty.set()

    def restore(self, recipe_ids: Sequence[str]) -> None:
        """Offer these again, as far as they are still there."""
        self._withdrawn -= frozenset(recipe_ids)
        self._dirty.set()

    async def published(self, recipe_id: str) -> None:
        """Return when requests for `recipe_id` get through. The caller sets the deadline."""
        async with self._published:
            await self._published.wait_for(lambda: recipe_id in self._serving)

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            offered, remote = self._offered(), tuple(self._remote())
            try:
                await self._gateway.apply(offered, remote)
            except (StudioError, EventError) as error:
                log.warning("the gateway did not take the routing: %s", error)
                asyncio.get_running_loop().call_later(RETRY_S, self._dirty.set)
                continue
            await self._publish(offered, remote)

    async def _publish(
        self, offered: Sequence[tuple[Recipe, Endpoint]], remote: Sequence[RemoteModel]
    ) -> None:
        alive = self._fleet.endpoints()
        current = [
            (recipe, endpoint)
            for recipe, endpoint in offered
            if recipe.id not in self._withdrawn and alive.get(recipe.id) == endpoint
        ]
        still = set(self._remote())
        self._replace(current, [model for model in remote if model in still])
        async with self._published:
            self._published.notify_all()

    def _offered(self) -> list[tuple[Recipe, Endpoint]]:
        known = {entry.recipe.id: entry.recipe for entry in self._book.all()}
        return [
            (known[recipe_id], endpoint)
            for recipe_id, endpoint in sorted(self._fleet.endpoints().items())
            if recipe_id in known and recipe_id not in self._withdrawn
        ]

    def _same_engine(self, recipe_id: str, alive: dict[str, Endpoint]) -> bool:
        endpoint = alive.get(recipe_id)
        routed = {r.engine_id for r in self._routes.current.all() if r.recipe_id == recipe_id}
        return endpoint is not None and routed == {endpoint.engine_id}

    def _keep_only(self, recipe_ids: Iterable[str]) -> None:
        keep = frozenset(recipe_ids)
        remote = {(model.name, model.recipe_id) for model in self._remote()}
        before = self._routes.current.all()
        kept = [
            route
            for route in before
            if (
                (route.name, route.recipe_id) in remote if route.remote else route.recipe_id in keep
            )
        ]
        if keep == self._serving and len(kept) == len(before):
            return
        self._serving = keep
        self._routes.replace(RouteTable.of(kept))

    def _replace(
        self, current: Sequence[tuple[Recipe, Endpoint]], remote: Sequence[RemoteModel]
    ) -> None:
        routes = [
            self._route_for(name, recipe, endpoint)
            for recipe, endpoint in current
            for name in recipe.names
        ]
        if self._remote_route is not None:
            routes += [self._remote_route(model) for model in remote]
        self._routes.replace(RouteTable.of(routes))
        self._serving = frozenset(recipe.id for recipe, _ in current)


def may_go_direct(routes: Routes, recipe_id: str, default: str) -> bool:
    """Whether a recipe's own word would send its requests straight to its engine, and is unsaid."""
    mine = [route for route in routes.current.all() if route.recipe_id == recipe_id]
    return any(route.direct is not None and (route.lane or default) != "direct" for route in mine)
