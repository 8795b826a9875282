"""Which limits make sense. Pure; `events.facts.key.KeyLimits` is what they look like."""

import math
from collections.abc import Iterable

from core.errors import Invalid
from events.facts.key import KeyLimits

SCOPES = ("inference", "manage", "audit")
LANES = ("gateway", "direct")
COUNTED = ("requests_per_minute", "tokens_per_minute", "parallel")
BUDGETS = ("budget_day", "budget_month")
MOST = 1_000_000_000  # of anything, so that counters stay exact
MOST_MODELS = 1000
LONGEST_MODEL = 500


def demand_sensible(limits: KeyLimits) -> None:
    """Raise Invalid naming the field that makes no sense."""
    _demand_known("scopes", limits.scopes, SCOPES)
    if not limits.scopes:
        raise Invalid("a key without a scope opens nothing: revoke it instead", field="scopes")
    _demand_known("lanes", limits.lanes, LANES)
    _demand_lane(limits)
    _demand_models(limits.models)
    for name in COUNTED:
        count = getattr(limits, name)
        if count is not None and not 1 <= count <= MOST:
            raise Invalid(f"`{name}` should be 1 to {MOST}, or nothing", field=name)
    for name in BUDGETS:
        budget = getattr(limits, name)
        if budget is not None and not (math.isfinite(budget) and 0 < budget <= MOST):
            raise Invalid(f"`{name}` should be an amount above 0, or nothing", field=name)


def counts(limits: KeyLimits) -> bool:
    """Whether anything has to be counted for this key."""
    return not (  # spelled out: asked for every request of a key
        limits.requests_per_minute is None
        and limits.tokens_per_minute is None
        and limits.parallel is None
        and limits.budget_day is None
        and limits.budget_month is None
    )


def _demand_lane(limits: KeyLimits) -> None:
    preferred = limits.preferred_lane
    if preferred is not None and preferred not in (limits.lanes or LANES):
        raise Invalid(
            f"`preferred_lane` {preferred!r} is not among the key's lanes: "
            f"{', '.join(limits.lanes or LANES)}",
            field="preferred_lane",
        )


def _demand_models(models: tuple[str, ...]) -> None:
    if len(models) > MOST_MODELS:
        raise Invalid(f"a key names at most {MOST_MODELS} models", field="models")
    for name in models:
        if not name.strip() or name != name.strip() or len(name) > LONGEST_MODEL:
            raise Invalid(f"{name!r} can not be the name of a model", field="models")


def _demand_known(field: str, given: Iterable[str], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise Invalid(f"unknown {field[:-1]} {name!r}; known: {', '.join(known)}", field=field)
