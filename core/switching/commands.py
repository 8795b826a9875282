"""Wishes about what should be in memory."""

import msgspec


class RequestSwitch(msgspec.Struct, frozen=True, kw_only=True, tag="request-switch"):
    """Make `target` the resident model; others go as far as room demands.

    `exclusive`: every other model goes, pinned ones excepted (what a person means by "switch").
    `force`: running requests are cut instead of being waited for.
    """

    target: str
    force: bool = False
    exclusive: bool = False


class RequestLoad(msgspec.Struct, frozen=True, kw_only=True, tag="request-load"):
    """Make `target` resident beside what is there; nothing is evicted."""

    target: str
    force: bool = False


class RequestEvict(msgspec.Struct, frozen=True, kw_only=True, tag="request-evict"):
    """Take `target`, or everything, out of memory."""

    target: str | None = None
    force: bool = False
    reason: str = "asked to"


class CancelChange(msgspec.Struct, frozen=True, kw_only=True, tag="cancel-change"):
    """Give up the change to `target`, or whichever is under way."""

    target: str | None = None


Change = RequestSwitch | RequestLoad | RequestEvict


def kind_of(change: Change) -> str:
    """The word the log uses for it."""
    match change:
        case RequestSwitch():
            return "switch"
        case RequestLoad():
            return "load"
        case RequestEvict():
            return "evict"
