"""Whether anything moves: bytes that come through a process show that it lives.

Whoever hears bytes sets `beat`, which is all that it costs a piece of an answer; whoever looks
after the process takes it back, and sees whether it was set again.
"""


class Pulse:
    """Of one process, however many connections lead to it."""

    __slots__ = ("beat",)

    def __init__(self) -> None:
        self.beat = False

    def taken(self) -> bool:
        """Whether something has moved since this was asked the last time."""
        beat, self.beat = self.beat, False
        return beat
