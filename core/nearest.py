"""The nearest known name to a mistyped one, for errors that help."""

import difflib
from collections.abc import Iterable, Mapping


def nearest(word: str, known: Iterable[str], also: Mapping[str, str] | None = None) -> str | None:
    """The known name that `word` most likely means; None when nothing is close.

    `also` maps other people's names (an engine's own flag) to ours.
    """
    spelled = _plain(word)
    ours = {_plain(name): name for name in known}
    ours |= {
        _plain(name): target for name, target in (also or {}).items() if _plain(name) not in ours
    }
    if spelled in ours:
        return ours[spelled]
    if len(spelled) >= 3 and (begun := [name for name in ours if name.startswith(spelled)]):
        return ours[begun[0]]
    close = difflib.get_close_matches(spelled, ours, n=1, cutoff=0.6)
    return ours[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], also: Mapping[str, str] | None = None) -> str:
    """The sentence to add to an error, with a space in front; empty when nothing is close."""
    name = nearest(word, known, also)
    return f" Did you mean {name!r}?" if name else ""


def _plain(name: str) -> str:
    return name.strip().lower().lstrip("-").replace("-", "_")
