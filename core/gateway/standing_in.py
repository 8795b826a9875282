"""Which models a request may be answered by: the one that was asked, and who may stand in for it.

Asked before a model is tried, and before a request shares another's answer: neither may give to
a key what it could not have asked for.
"""

from collections.abc import Callable

from core.gateway.errors import UnknownPath
from core.gateway.hooks import Asked, Choices, KeyGate
from core.gateway.native import native_paths
from core.recipes.recipe import EngineKind


def may_answer(asked: Asked, choices: Choices | None, gate: KeyGate | None) -> tuple[str, ...]:
    """The names to try, in turn.

    Whoever may ask for a virtual model may use its members; others need the key's leave.
    """
    names = None if choices is None else choices.chain(asked.name)
    if not names:
        return (asked.name,)
    if asked.name not in names or gate is None:
        return names
    return tuple(n for n in names if n == asked.name or gate.permits(asked.key_id, n))


def able(
    names: tuple[str, ...], asked: Asked, engine_of: Callable[[str], EngineKind | None]
) -> tuple[str, ...]:
    """Those whose engine speaks a path that LiteLLM has not, as far as that is known beforehand.

    Raises UnknownPath when none does, so that no model is loaded, nor another evicted, in vain.
    """
    kinds = {name: engine_of(name) for name in names}
    found = tuple(n for n, kind in kinds.items() if not kind or asked.path in native_paths(kind))
    if not found:
        raise UnknownPath(f"{asked.path.decode('latin-1')} of {asked.name}")
    return found
