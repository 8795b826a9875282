"""A command line as its flags, and what two of them differ in. Pure.

A flag is what begins with a dash and is no number; the words up to the next flag are its values.
What stands before the first flag is the program with what it is told first ("vllm serve MODEL",
"python -m MODULE").
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Literal

import msgspec

Change = Literal["same", "added", "removed", "changed"]

_MODULE = "-m"  # of Python itself: behind it stands what it runs
_NUMBER = re.compile(r"-[\d.]+(e-?\d+)?", re.I)


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """A flag with its values; the flag is empty for the words of the program itself."""

    flag: str
    values: tuple[str, ...] = ()
    nth: int = 0  # of this flag: some may stand several times

    @property
    def key(self) -> tuple[str, int]:
        """What makes it the same argument in another command line."""
        return self.flag, self.nth


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """An argument, and what became of it; `before` are its values where they were others."""

    change: Change
    flag: str
    values: tuple[str, ...]
    before: tuple[str, ...] = ()


def arguments_of(argv: Sequence[str]) -> list[Argument]:
    """The program first, then each flag; "--a=b" is the flag --a with the value b."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for word in argv:
        is_module = word == _MODULE and len(found) == 1 and len(found[0][1]) == 1
        if _is_flag(word) and not is_module:
            flag, sign, value = word.partition("=")
            found.append((flag, [value] if sign else []))
        else:
            found[-1][1].append(word)
    seen: Counter[str] = Counter()
    arguments = []
    for flag, values in found:
        arguments.append(Argument(flag=flag, values=tuple(values), nth=seen[flag]))
        seen[flag] += 1
    return arguments


def compared(before: Iterable[Argument], after: Iterable[Argument]) -> list[Compared]:
    """In the order of `after`; what is gone stands where it stood."""
    old, new = list(before), list(after)
    was = {one.key: one for one in old}
    is_now = {one.key for one in new}
    found: list[Compared] = []
    matcher = SequenceMatcher(None, [o.key for o in old], [n.key for n in new], autojunk=False)
    for _, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        gone = (one for one in old[old_from:old_to] if one.key not in is_now)
        found += [Compared(change="removed", flag=one.flag, values=one.values) for one in gone]
        found += [_became(was.get(one.key), one) for one in new[new_from:new_to]]
    return found


def _became(was: Argument | None, now: Argument) -> Compared:
    if was is None:
        return Compared(change="added", flag=now.flag, values=now.values)
    if was.values == now.values:
        return Compared(change="same", flag=now.flag, values=now.values)
    return Compared(change="changed", flag=now.flag, values=now.values, before=was.values)


def _is_flag(word: str) -> bool:
    return word.startswith("-") and word != "-" and _NUMBER.fullmatch(word) is None
