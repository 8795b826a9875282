"""What earlier loads say about the next one: this recipe's first, then its kind's, then a guess."""

import sqlite3

import msgspec

from core.engines.load_plan import LAUNCHING, Plan, typical
from events.projections.load_phases import COLD, WARM, phases_of_kind, phases_of_recipe

WARM_LAUNCH_S = 1.0  # the imports lie behind a spare interpreter


def plan_for(connection: sqlite3.Connection, recipe_id: str, kind: str, way: str = COLD) -> Plan:
    """How long each phase will probably take.

    Programs of one's own (`command`) have nothing in common, so they only learn from themselves.
    """
    if own := phases_of_recipe(connection, recipe_id, way):
        return Plan(phases=own, from_experience=True)
    if way == WARM:
        return _warmed(plan_for(connection, recipe_id, kind))
    if kind != "command" and (others := phases_of_kind(connection, kind, way)):
        return Plan(phases=others, from_experience=True)
    return typical(kind)


def _warmed(cold: Plan) -> Plan:
    phases = tuple((name, WARM_LAUNCH_S if name == LAUNCHING else s) for name, s in cold.phases)
    return msgspec.structs.replace(cold, phases=phases)
