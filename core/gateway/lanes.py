"""Which lane a request takes: through LiteLLM, or straight to the engine, byte for byte.

    x-studio-lane  ►  the key  ►  the recipe  ►  the setting      the first that says something
                              │
                              ▼
    direct, but the engine does not speak this path, or something must be translated  →  gateway
    gateway, but LiteLLM would lose what the engine understands, and no lane is wished →  direct
    gateway, but LiteLLM is down, and the key may go direct (`can_fail_over`)         →  direct

Pure. What a key may not do at all is refused; what it may do another way is done that way.
"""

from collections.abc import Mapping
from typing import Literal

from core.errors import Invalid, NotAllowed
from core.gateway.errors import UnknownPath
from core.gateway.hooks import Asked, Lanes
from core.gateway.native import wants_direct, wants_gateway
from core.gateway.routes import Route

Lane = Literal["gateway", "direct"]

WISH = b"x-studio-lane"
_LANES: Mapping[bytes, Lane] = {b"gateway": "gateway", b"direct": "direct"}
ANY = Lanes()


def wished_lane(headers: Mapping[bytes, bytes]) -> Lane | None:
    """The lane that the request itself asks for. Raises Invalid for one that does not exist."""
    value = headers.get(WISH)
    if value is None:
        return None
    lane = _LANES.get(value) or _LANES.get(value.strip().lower())
    if lane is None:
        raise Invalid(
            f"x-studio-lane should be gateway or direct, not {value[:40]!r}",
            field="x-studio-lane",
        )
    return lane


def choose_lane(
    route: Route, asked: Asked, *, only_direct: bool, lanes: Lanes, default: str
) -> Lane:
    """The lane of one request, `only_direct` when LiteLLM has no such path.

    Raises UnknownPath where no lane leads, NotAllowed when its key may take none that does.
    """
    direct = route.direct
    speaks = direct is not None and asked.path in direct.paths
    if only_direct and not speaks:
        raise UnknownPath(f"{asked.path.decode('latin-1')} of {route.name}")
    wished = wished_lane(asked.headers)
    lane = _wanted(route, asked, only_direct, wished, lanes, default) if speaks else "gateway"
    if lane in lanes.allowed:
        return lane
    if lane == "gateway" and speaks and not wants_gateway(asked.path, asked.body):
        return "direct"
    if lane == "direct" and not only_direct:
        return "gateway"
    raise NotAllowed(
        f"this key may not take the {lane} lane, and for this request there is no other",
        code="lane_not_allowed",
        next_action="Ask the owner of this machine for a key that may, or another model.",
    )


def _wanted(
    route: Route,
    asked: Asked,
    only_direct: bool,
    wished: Lane | None,
    lanes: Lanes,
    default: str,
) -> Lane:
    """Where the engine speaks the path: what is wanted, before the key has its say."""
    if only_direct:
        return "direct"
    if wished is None and wants_direct(asked.path, asked.body):
        return "direct"
    if (wished or lanes.preferred or route.lane or default) != "direct":
        return "gateway"
    return "gateway" if wants_gateway(asked.path, asked.body) else "direct"


def goes_direct(route: Route, path: bytes) -> bool:
    """Whether the engine can be asked at this path without LiteLLM."""
    return route.direct is not None and path in route.direct.paths


def can_fail_over(route: Route, asked: Asked, lanes: Lanes) -> bool:
    """Whether a request may go on directly while LiteLLM is down."""
    return (
        goes_direct(route, asked.path)
        and "direct" in lanes.allowed
        and not wants_gateway(asked.path, asked.body)
    )
