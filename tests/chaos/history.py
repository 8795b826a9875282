"""What is left of a night, as plain values: what the log, the clients and the machine say of it.

Times are seconds since the epoch, from one machine's clock.
"""

from typing import Literal

import msgspec

from events.envelope import Event
from events.facts import RequestFinished

Ending = Literal[
    "answered",  # whole
    "refused",  # a status and an error object
    "broken",  # a stream that ended with an error event
    "cut",  # the connection broke off after the answer had begun
    "lost",  # the connection broke off before anything came
    "unreached",  # nobody listened
    "left",  # the client hung up
    "unending",  # it was given up when the night was over
]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log."""

    position: int
    at: float
    event: Event


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One request as its client saw it."""

    number: int
    model: str
    stream: bool
    tokens: int  # that it asked for
    began: float
    ended: float
    ending: Ending
    request_id: str | None = None
    status: int = 0
    text: str = ""
    error: str = ""  # the message
    code: str = ""
    retry_after: str | None = None


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One engine process, from its own first line to the moment the system buried it."""

    model: str
    pid: int
    began: float
    ready: float | None = None
    ended: float | None = None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """While something was so."""

    began: float
    ended: float

    def touches(self, began: float, ended: float) -> bool:
        """Whether the two overlap."""
        return began <= self.ended and self.began <= ended


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the invariants look at."""

    log: tuple[Told, ...] = ()
    usage: tuple[RequestFinished, ...] = ()
    clients: tuple[Client, ...] = ()
    lives: tuple[Life, ...] = ()
    down: tuple[Window, ...] = ()  # the app was killed, until it answered again
    quitting: tuple[Window, ...] = ()  # the app was asked to stop, until it answered again
    full: tuple[Window, ...] = ()  # there was no room on the disk
    frozen: tuple[Window, ...] = ()  # an engine was stopped by SIGSTOP
    left_over: tuple[str, ...] = ()  # processes that were there after the last quit
    strangers_got: tuple[str, ...] = ()  # request lines that reached a program that is not ours
    log_problems: tuple[str, ...] = ()  # what verifying the log files found
    replay_differs: tuple[str, ...] = ()  # tables whose replay from zero is another
    wait_bound: float = 0.0  # how long a request may wait for its model and the gateway
    budget: int = 1  # models in memory at once
