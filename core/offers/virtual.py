"""The virtual model: a name that stands for several models, one of which answers."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec

from core.recipes.problem import Problem, wrong
from core.recipes.rules import parameters_may_be_set

Policy = Literal["first-resident", "spill"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
MOST_MEMBERS = 16
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")  # it stands in addresses


class VirtualModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`first-resident`: the first member that is loaded; `spill`: and that has a free place."""

    name: str
    members: tuple[str, ...]  # names of recipes, aliases and remote models, in order
    policy: Policy = "first-resident"
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)  # put into its requests
    fallbacks: tuple[str, ...] = ()  # asked in turn when the members fail
    places: int | None = None  # requests at once by which a member counts as full
    unlisted: bool = False


def problems_of(model: VirtualModel, virtual_names: frozenset[str]) -> Iterator[Problem]:
    """What is wrong with it; `virtual_names` are those of the other virtual models."""
    if NAME.fullmatch(model.name) is None:
        yield wrong(
            "name",
            f"{model.name!r} can not be a virtual model's name: letters, digits and . _ : / @ + -, "
            "at most 200, with a letter or digit at the beginning",
        )
    yield from _names("members", model.members, model.name)
    yield from _names("fallbacks", model.fallbacks, model.name)
    if not model.members:
        yield wrong("members", "A virtual model needs at least one member")
    for index, member in enumerate(model.members):
        if member in virtual_names:
            path = f"members[{index}]"
            yield wrong(path, f"{member!r} is a virtual model itself; name its members instead")
    if model.places is not None and model.places < 1:
        yield wrong("places", f"places should be at least 1, not {model.places}")
    yield from parameters_may_be_set("parameters", model.parameters)


def _names(where: str, names: tuple[str, ...], own: str) -> Iterator[Problem]:
    if len(names) > MOST_MEMBERS:
        yield wrong(where, f"{where} should be at most {MOST_MEMBERS} names")
    for index, name in enumerate(names):
        path = f"{where}[{index}]"
        if not name or len(name) > 200 or not name.isprintable():
            yield wrong(path, f"{path} should be the name of a model")
        elif name == own:
            yield wrong(path, f"{name!r} can not stand for itself")
        elif name in names[:index]:
            yield wrong(path, f"{path} repeats {name!r}")
