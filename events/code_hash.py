"""Which code folds: a hash that changes when a fold could give something else.

Taken from what Python makes of a module, so that it is the same for a program that was packed
without its source. Comments do not count; a new Python does, for its code looks different.
"""

import dis
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from types import CodeType

OURS = "events"


@cache
def code_hash(modules: frozenset[str]) -> str:
    """Hash these modules and those of ours that they import, in hex."""
    digest = hashlib.sha256(sys.version.encode())
    for name in sorted(_closure(modules)):
        digest.update(name.encode() + b"\0")
        code = _code(name)
        if code is not None:
            _take(code, digest)
    return digest.hexdigest()


def _closure(modules: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        code = _code(name)
        if code is not None:
            waiting.extend(_imported(code))
    return found


def _code(name: str) -> CodeType | None:
    """The module as it was compiled; None when nobody can tell, as of a module typed in by hand."""
    spec = getattr(sys.modules.get(name), "__spec__", None) or importlib.util.find_spec(name)
    get_code = getattr(spec.loader, "get_code", None) if spec is not None else None
    code = get_code(name) if get_code is not None else None
    return code if isinstance(code, CodeType) else None


def _imported(code: CodeType) -> Iterator[str]:
    """The modules of ours that a module imports when it is loaded."""
    package = ""
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            package = str(step.argval)
            if _is_ours(package):
                yield package
        elif step.opname == "IMPORT_FROM" and _is_ours(f"{package}.{step.argval}"):
            inner = f"{package}.{step.argval}"
            if inner in sys.modules:
                yield inner


def _is_ours(name: str) -> bool:
    return name == OURS or name.startswith(f"{OURS}.")


def _take(code: CodeType, digest: "hashlib._Hash") -> None:
    """Everything that says what the code does, and nothing of where it lies."""
    names = (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
    digest.update(repr((code.co_name, code.co_code, names, code.co_exceptiontable)).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _take(constant, digest)
        elif isinstance(constant, frozenset):
            digest.update(repr(sorted(constant, key=repr)).encode())
        else:
            digest.update(repr(constant).encode())
