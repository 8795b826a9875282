"""Ids that sort by the time they were made (UUID version 7, RFC 9562)."""

import time

from events import envelope


def uuid7() -> str:
    """A UUID of now, made as the log makes its own."""
    return envelope.uuid7(time.time_ns() // 1000)


def new_id(prefix: str) -> str:
    """A short readable id, such as `engine-0193a1b2c3d4-9f2c6a`; its time sorts it."""
    compact = uuid7().replace("-", "")
    return f"{prefix}-{compact[:12]}-{compact[-6:]}"
