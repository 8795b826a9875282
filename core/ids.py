"""Ids that sort by the time they were made (UUID version 7, RFC 9562)."""

import os
import time
import uuid


def uuid7() -> str:
    """A UUID whose first 48 bits are milliseconds since the epoch."""
    value = int.from_bytes(os.urandom(16), "big")
    value &= (1 << 80) - 1
    value |= (time.time_ns() // 1_000_000) << 80
    value = (value & ~(0xF << 76)) | (7 << 76)
    value = (value & ~(0x3 << 62)) | (2 << 62)
    return str(uuid.UUID(int=value))


def new_id(prefix: str) -> str:
    """A short readable id, such as `engine-0193a1b2c3d4-9f2c6a`; its time sorts it."""
    compact = uuid7().replace("-", "")
    return f"{prefix}-{compact[:12]}-{compact[-6:]}"
