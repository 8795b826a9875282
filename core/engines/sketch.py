"""What a recipe would launch, to be shown before it is saved: no secret, no port, nothing started.

It is made by the very builders that launch (`launches.build`). What is only known at a launch
stands as a placeholder: the port as {port}, secrets as •••, a runtime that is not installed as the
place where it would be.
"""

import shlex
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from core.engines.arguments import Change, Compared, arguments_of, compared
from core.engines.launch_spec import HIDDEN, LaunchSpec
from core.masking import holds_secret
from core.recipes.recipe import Recipe
from core.recipes.secrets_in_env import REFERENCE, looks_secret
from core.runtimes.runtime import Runtime
from core.settings import Settings

Source = Literal["recipe", "studio"]


class PortToCome(int):
    """Reads as {port} wherever a builder writes it."""

    def __str__(self) -> str:
        return "{port}"

    __repr__ = __str__

    def __format__(self, _spec: str) -> str:
        return str(self)


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """A launch as far as it is known now."""

    spec: LaunchSpec
    runtime: str | None  # its id; None for a command, and where none is installed
    missing: str = ""  # the engine that is not installed here
    doubt: str = ""  # what could not be settled, as a sentence
    variables: Mapping[str, tuple[str, Source]] = {}  # that are set for it
    passed: tuple[str, ...] = ()  # names of this machine's variables that it gets too

    @property
    def text(self) -> str:
        """One line for a POSIX shell; secrets and the port are to be filled in."""
        words = [f"{name}={value}" for name, (value, _) in sorted(self.variables.items())]
        return shlex.join(["env", *words, *self.spec.argv] if words else self.spec.argv)


class ComparedVariable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable, whose wish it is, and what became of it."""

    change: Change
    name: str
    value: str
    before: str = ""
    source: Source


Build = Callable[[Recipe, Runtime | None, int, str, Mapping[str, str]], LaunchSpec]


def masked(recipe: Recipe) -> Recipe:
    """The recipe without a secret in it, those that are only referred to included."""
    env = {
        name: HIDDEN if value.startswith(REFERENCE) or looks_secret(name, value) else value
        for name, value in recipe.env.items()
    }
    return msgspec.structs.replace(recipe, env=env)


def not_installed(kind: str, settings: Settings) -> Runtime:
    """Where a runtime of this engine would be; its version is open."""
    return Runtime(
        id=f"{kind}-…", kind=kind, version="…", path=settings.paths.runtimes / f"{kind}-…"
    )


def sketch(
    recipe: Recipe,
    runtime: Runtime | None,
    *,
    host: Mapping[str, str],
    build: Build,
    missing: str = "",
    doubt: str = "",
) -> Sketch:
    """Build it with placeholders; `recipe` is masked already."""
    spec = build(recipe, runtime, PortToCome(0), HIDDEN, host)
    variables: dict[str, tuple[str, Source]] = {}
    for name, value in spec.env.items():
        if name in recipe.env:
            variables[name] = (value, "recipe")
        elif host.get(name) != value:
            variables[name] = (HIDDEN if holds_secret(value) else value, "studio")
    argv = tuple(HIDDEN if holds_secret(word) else word for word in spec.argv)
    return Sketch(
        spec=msgspec.structs.replace(spec, argv=argv, env={}),
        runtime=None if missing or runtime is None else runtime.id,
        missing=missing,
        doubt=doubt,
        variables=variables,
        passed=tuple(sorted(spec.env.keys() - variables.keys())),
    )


def argument_changes(before: Sketch | None, after: Sketch) -> list[Compared]:
    """What the command lines differ in; all the same when there is nothing to compare with."""
    now = arguments_of(after.spec.argv)
    return compared(arguments_of(before.spec.argv) if before else now, now)


def variable_changes(before: Sketch | None, after: Sketch) -> list[ComparedVariable]:
    """The recipe's variables first, each kind by name."""
    was = before.variables if before else after.variables
    names = sorted(was.keys() | after.variables.keys())
    found = [_variable(name, was.get(name), after.variables.get(name)) for name in names]
    return sorted(found, key=lambda one: one.source != "recipe")


def _variable(
    name: str, was: tuple[str, Source] | None, now: tuple[str, Source] | None
) -> ComparedVariable:
    if now is None:
        assert was is not None, "it is in one of the two"
        return ComparedVariable(change="removed", name=name, value=was[0], source=was[1])
    if was is None:
        return ComparedVariable(change="added", name=name, value=now[0], source=now[1])
    change: Change = "same" if was[0] == now[0] else "changed"
    before = was[0] if change == "changed" else ""
    return ComparedVariable(change=change, name=name, value=now[0], before=before, source=now[1])
