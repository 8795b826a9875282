"""How many tokens a request may take, before anybody knows: a guess that is set right afterwards.

A key's own recent average is the best guess there is. Only its first requests are guessed from
their bodies, and such a guess takes a quarter of the limit at most: whoever reserves what a request
could take in the worst case refuses keys that have used next to nothing.
"""

import msgspec

from core.gateway.body import Body

BYTES_PER_TOKEN = 4
UNSAID = 256  # tokens of an answer whose request sets no bound
BOUNDS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
SHARE = 4  # a first guess takes a quarter of the limit at most


def guess_tokens(body: Body, average: float | None, limit: int) -> int:
    """What to reserve: never more than the limit, so that a key that used nothing gets in."""
    if average is not None:
        return min(limit, max(1, round(average)))
    return max(1, min(limit // SHARE, len(body.data) // BYTES_PER_TOKEN + _bound(body)))


def _bound(body: Body) -> int:
    for name in BOUNDS:
        raw = (body.fields or {}).get(name)
        if raw is None:
            continue
        try:
            return max(0, msgspec.json.decode(raw, type=int))
        except msgspec.MsgspecError:
            continue  # the engine will say what is wrong with it
    return UNSAID
