"""What chat wants to know of a model by its name, without asking anything of it."""

from collections.abc import Callable
from pathlib import Path

from core.engines.run import Endpoint
from core.fit.architecture import read_architecture
from core.fit.on_disk import read_config
from core.gateway.admission import Admission
from core.gateway.inflight import InFlight
from core.gateway.routes import Route, Routes
from core.offers.choices import Choices
from core.recipes.book import RecipeBook
from core.recipes.recipe import Recipe
from core.switching.switchboard import Switchboard


class ChatModels:
    """Looks names up: recipes, aliases, virtual models. Loop-bound."""

    def __init__(
        self,
        *,
        routes: Routes,
        inflight: InFlight,
        admission: Admission,
        switchboard: Switchboard,
        choices: Choices,
        book: RecipeBook,
        endpoints: Callable[[], dict[str, Endpoint]],
        folders: tuple[Path, ...],
    ) -> None:
        """`endpoints`: the ready engines by recipe id; `folders`: where models lie."""
        self._routes = routes
        self._inflight = inflight
        self._admission = admission
        self._switchboard = switchboard
        self._choices = choices
        self._book = book
        self._endpoints = endpoints
        self._folders = folders
        self._contexts: dict[tuple[str, str | None], int | None] = {}

    def at_rest(self, name: str) -> bool:
        """Whether it is in memory here, serves nobody, and nobody waits for it or another."""
        route = self._route(name)
        if route is None or route.remote or self._inflight.count(route.recipe_id):
            return False
        return not self._admission.waiting() and not self._switchboard.views()

    def endpoint(self, name: str) -> Endpoint | None:
        """Its engine, where it is ready."""
        recipe = self._recipe(name)
        return self._endpoints().get(recipe.id) if recipe is not None else None

    def planned_context(self, name: str) -> int | None:
        """How many tokens it may hold, as its recipe or else its configuration says."""
        recipe = self._recipe(name)
        if recipe is None:
            return None
        return recipe.context_length or self._made_for(recipe)

    def _made_for(self, recipe: Recipe) -> int | None:
        key = (recipe.model or "", recipe.revision)
        if recipe.model and key not in self._contexts:
            config = read_config(recipe.model, recipe.revision, self._folders)
            shape = read_architecture(config) if config is not None else None
            if shape is None:
                return None  # it may come yet
            self._contexts[key] = shape.context or None
        return self._contexts.get(key)

    def _names(self, name: str) -> tuple[str, ...]:
        return self._choices.chain(name) or (name,)

    def _route(self, name: str) -> Route | None:
        routes = (self._routes.current.get(one) for one in self._names(name))
        return next((route for route in routes if route is not None), None)

    def _recipe(self, name: str) -> Recipe | None:
        route = self._route(name)
        if route is not None:
            entry = self._book.find(route.recipe_id)
            return entry.recipe if entry is not None else None
        ids = (self._book.resolve(one) for one in self._names(name))
        found = next((one for one in ids if one is not None), None)
        return self._book.get(found).recipe if found is not None else None
