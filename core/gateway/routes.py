"""Where requests go: an immutable table that the hot path reads and one writer replaces whole.

A hit costs one dictionary look-up: no lock, no await, no database. Whoever finds no route here
leaves the hot path for `core.gateway.admission`.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from core.gateway.body import Filter
from core.recipes.recipe import Price

Header = tuple[bytes, bytes]


class Direct(msgspec.Struct, frozen=True, kw_only=True):
    """The way to the engine itself, past LiteLLM."""

    host: str
    port: int
    headers: tuple[Header, ...] = ()  # the engine's key
    model: str  # what the engine calls it
    paths: frozenset[bytes] = frozenset()  # those that the engine speaks itself
    tells_usage: bool = False  # it can be asked to count a stream's tokens


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """How a request that names `name` reaches the engine of `recipe_id`."""

    name: str  # as the caller asks for it: public name, recipe id or alias
    recipe_id: str
    engine_id: str
    port: int  # of LiteLLM
    upstream_model: str  # sent as "model"; the answer repeats it, so it is the public name
    engine_model: str = ""  # what the engine itself calls it
    host: str = "127.0.0.1"
    headers: tuple[Header, ...] = ()  # added to every request, such as the internal key
    lane: str | None = None  # the one its recipe prefers: gateway | direct
    direct: Direct | None = None  # None: through LiteLLM alone
    remote: bool = False  # a provider elsewhere, which LiteLLM asks; there is no engine
    filter: Filter | None = None  # what the recipe changes in bodies; None costs nothing
    concurrency: int | None = None  # requests at once; None: no limit of ours
    price: Price | None = None  # what its tokens cost; None: nobody says


class RouteTable:
    """Every name that is served now. Never changes: a new situation is a new table."""

    __slots__ = ("_by_name",)

    def __init__(self, by_name: Mapping[str, Route]) -> None:
        self._by_name = MappingProxyType(dict(by_name))

    @classmethod
    def of(cls, routes: Iterable[Route]) -> "RouteTable":
        """A table of these routes; of two with one name the first wins."""
        by_name: dict[str, Route] = {}
        for route in routes:
            by_name.setdefault(route.name, route)
        return cls(by_name)

    def get(self, name: str) -> Route | None:
        """The route of that name, if it is served now."""
        return self._by_name.get(name)

    def all(self) -> tuple[Route, ...]:
        """Every route, in the order they were given."""
        return tuple(self._by_name.values())

    def serves(self, recipe_id: str) -> bool:
        """Whether requests for this recipe get through."""
        return any(route.recipe_id == recipe_id for route in self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)


class Routes:
    """Holds the table in force, and tells who waits that it was replaced. Loop-bound."""

    def __init__(self) -> None:
        self.current = RouteTable({})
        self._listeners: list[Callable[[], None]] = []

    def replace(self, table: RouteTable) -> None:
        """From the next look-up on, `table` is what counts."""
        self.current = table
        for callback in tuple(self._listeners):
            callback()

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every replacement; returns how to stop."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)
