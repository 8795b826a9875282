"""Wishes about what should be in memory."""

from typing import Literal

import msgspec


class RequestSwitch(msgspec.Struct, frozen=True, kw_only=True, tag="request-switch"):
    """Bring `target` up; others go as far as room demands.

    `exclusive`: every other model goes, pinned ones excepted.
    `force`: running requests are cut instead of being waited for, and a doubtful fit is tried.
    """

    target: str
    force: bool = False
    exclusive: bool = False


class RequestLoad(msgspec.Struct, frozen=True, kw_only=True, tag="request-load"):
    """Bring `target` up beside what is there; nothing is evicted."""

    target: str
    force: bool = False


class RequestEvict(msgspec.Struct, frozen=True, kw_only=True, tag="request-evict"):
    """Take `target`, or everything, out of memory.

    `only_idle`: not when it turns out to be in use. `may_sleep`: it sleeps where its recipe says.
    """

    target: str | None = None
    force: bool = False
    reason: str = "asked to"
    only_idle: bool = False
    may_sleep: bool = False


class CancelChange(msgspec.Struct, frozen=True, kw_only=True, tag="cancel-change"):
    """Give up the change to `target`, or everything that waits or is under way."""

    target: str | None = None


Change = RequestSwitch | RequestLoad | RequestEvict
Kind = Literal["switch", "load", "evict"]


def kind_of(change: Change) -> Kind:
    """The word the log uses for it."""
    match change:
        case RequestSwitch():
            return "switch"
        case RequestLoad():
            return "load"
        case RequestEvict():
            return "evict"
