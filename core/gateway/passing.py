"""What goes on to the client of an engine's answer, and what is told of its end.

Asks nobody and waits for nothing: whoever reads from the engine and writes to the client, in a
task (`fetching.py`) or without one (`straight.py`), asks here what to write.
"""

from core.errors import StudioError
from core.gateway.answer import answer_of
from core.gateway.connection import Connection
from core.gateway.errors import UpstreamLost
from core.gateway.headers import back_from_engine, back_to_client
from core.gateway.hooks import Sink
from core.gateway.paths import PathRule
from core.gateway.request_record import Call


class Passing:
    """One answer, from its headers on."""

    __slots__ = ("_answer", "_call", "_exchange", "status")

    def __init__(self, call: Call, connection: Connection, rule: PathRule, sink: Sink) -> None:
        """Status and headers are there; `sink` hears what it will begin with."""
        self._call = call
        self._exchange = exchange = call.exchange
        self.status = exchange.status = connection.status
        named, exact = connection.named, exchange.lane == "direct"
        kind = named.get(b"content-type", b"")
        self._answer = exchange.answer = answer_of(
            kind,
            rule.last,
            exact=exact,
            asked_usage=exchange.asked_usage,
            encoding=named.get(b"content-encoding", b""),
            framed=connection.framed,
        )
        if exact:
            headers = connection.kept or back_from_engine(connection.headers)
        else:
            headers = back_to_client(connection.headers)
        sink.plan(self.status, headers, events=kind.startswith(b"text/event-stream"))

    def feed(self, piece: bytes) -> bytes:
        """A piece has come; what of the answer is to be written now."""
        exchange = self._exchange
        if exchange.ttft_s is None:
            exchange.first_byte()
        ready = self._answer.feed(piece)
        if ready:
            exchange.begun = True
        return ready

    def end(self) -> tuple[bytes, StudioError | None]:
        """All has come: what is still to be written, and why it is no good end, if it is none."""
        answer, exchange = self._answer, self._exchange
        good = self.status < 400
        if self.status >= 500 and (fault := answer.fault) is not None:
            return b"", fault
        rest = answer.end()
        if good and not answer.is_whole():
            exchange.begun = exchange.begun or bool(rest)
            return rest, UpstreamLost("the answer broke off before its end")
        if answer.failed and (fault := answer.fault) is not None:
            return rest, fault
        self._call.answered(well=good and not answer.failed)
        exchange.begun = True
        return rest, None
