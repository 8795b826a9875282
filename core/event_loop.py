"""The event loop that the studio runs on: uvloop, which is twice as quick as Python's own."""

import asyncio

try:
    import uvloop
except ImportError:  # Windows, for which it is not made
    new_event_loop = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

__all__ = ["new_event_loop"]
