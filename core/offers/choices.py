"""What the hot path asks for every request: which models to try, in which order?

For a plain name the answer is one look-up in a dictionary that is made anew after each change of
recipes or offers. What is ready comes from the route table, what is busy from the requests in
flight; nothing is waited for.
"""

import msgspec

from core.gateway.body import Filter
from core.gateway.inflight import InFlight
from core.gateway.routes import Route, Routes
from core.offers.book import OfferBook
from core.offers.ordering import Member, ordered
from core.offers.virtual import Policy, VirtualModel
from core.recipes.book import DEFAULT, RecipeBook

LONGEST = 16  # names tried for one request


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is behind a name that is more than one model."""

    members: tuple[str, ...]
    policy: Policy = "first-resident"
    fallbacks: tuple[str, ...] = ()
    places: int | None = None


class Choices:
    """Virtual models, fallbacks and presets of all names. Loop-bound."""

    def __init__(
        self, *, routes: Routes, inflight: InFlight, book: RecipeBook, offers: OfferBook
    ) -> None:
        self._routes = routes
        self._inflight = inflight
        self._book = book
        self._offers = offers
        self._plans: dict[str, Plan] = {}  # of every name that is more than one model
        self._virtual: dict[str, Plan] = {}
        self._presets: dict[str, Filter] = {}
        self.refresh()
        book.listen(self.refresh)
        offers.listen(self.refresh)

    def refresh(self) -> None:
        """Recipes or offers have changed."""
        recipes = [entry.recipe for entry in self._book.all()]
        virtual = self._offers.virtual_models()
        known = self._book.names_of_others(None) | self._offers.names
        filters = {model.name: Filter.of((), model.parameters) for model in virtual}
        self._virtual = {model.name: _plan_of(model, known, self._offers) for model in virtual}
        self._plans = dict(self._virtual)
        for recipe in recipes:
            fallbacks = tuple(name for name in recipe.fallbacks if name in known)
            if fallbacks:
                self._plans |= {n: Plan(members=(n,), fallbacks=fallbacks) for n in recipe.names}
            filters |= {name: Filter.of((), put) for name, put in recipe.presets.items()}
        self._presets = {name: put for name, put in filters.items() if put is not None}

    def chain(self, name: str) -> tuple[str, ...] | None:
        """The names to try in turn, best first, as things stand now; None: just this name."""
        plan = self._plans.get(name)
        if plan is None and name == DEFAULT:
            plan = self._plans.get(self._book.resolve(name) or name)
            if plan is not None:  # as under its own name: a fallback is none of its members
                plan = msgspec.structs.replace(plan, members=(name,))
        if plan is None:
            return None
        names = dict.fromkeys(self._ordered(plan))
        for fallback in plan.fallbacks:
            other = self._virtual.get(fallback)
            names |= dict.fromkeys(self._ordered(other) if other else (fallback,))
        return tuple(names)[:LONGEST]

    def preset(self, name: str) -> Filter | None:
        """What an alias or virtual model changes in requests, before the recipe's own filter."""
        return self._presets.get(name)

    def _ordered(self, plan: Plan) -> tuple[str, ...]:
        if len(plan.members) == 1:
            return plan.members
        return ordered(plan.policy, [self._member(name, plan) for name in plan.members])

    def _member(self, name: str, plan: Plan) -> Member:
        route = self._routes.current.get(name)
        if route is None:
            return Member(name=name, ready=False)
        if plan.policy != "spill":
            return Member(name=name, ready=True)
        inflight = self._inflight
        busy = inflight.count(route.recipe_id) + inflight.owed(route.recipe_id)
        return Member(name=name, ready=True, busy=busy, places=self._places(route, plan))

    def _places(self, route: Route, plan: Plan) -> int | None:
        """The narrowest of what the virtual model, the recipe and its engine's batch allow."""
        entry = self._book.find(route.recipe_id)
        batch = entry.recipe.max_sequences if entry else None
        limits = [limit for limit in (plan.places, route.concurrency, batch) if limit is not None]
        return min(limits, default=None)


def _plan_of(model: VirtualModel, known: frozenset[str], offers: OfferBook) -> Plan:
    """Only with names that somebody answers to; virtual models among its members do not count."""
    return Plan(
        members=tuple(n for n in model.members if n in known and offers.virtual(n) is None),
        policy=model.policy,
        fallbacks=tuple(name for name in model.fallbacks if name in known),
        places=model.places,
    )
