"""Know a flag in whatever way it is spelled, as the engines' own parsers do.

They take dashes and underscores alike, "--flag=value", "--flag.key value" for JSON flags, and any
beginning of a long flag that fits only one.
"""

import re
from collections.abc import Iterable


def flag_name(argument: str) -> str | None:
    """ "--Max-Model-Len=1" and "--max_model_len" are "max_model_len"; None for what is no flag."""
    if not argument.startswith("-"):
        return None
    return re.split(r"[=.+]", argument, maxsplit=1)[0].lstrip("-").replace("-", "_").lower()


def flag_in(argument: str, flags: Iterable[str]) -> str | None:
    """Which of `flags` the argument is, or may be an abbreviation of."""
    name = flag_name(argument)
    if not name:
        return None
    known = tuple(flags)
    if name in known:
        return name
    if not argument.startswith("--"):
        return None
    return next((flag for flag in known if flag.startswith(name)), None)
