"""What the head of a request says, and what follows from it alone.

A client that asks again on the same connection says the same head again, but for the length of its
body. Then it is the same `Head` (`again.py`), and what was found out from it the first
time is there: who asks, and the lines that its engine gets. Whoever keeps something here keeps with
it what else that depends on, and looks whether it is still the same.
"""

from core.gateway.routes import Header


class Head:
    """Of one request, or of several in turn on one connection."""

    __slots__ = ("headers", "judged", "onward", "path", "query", "raw_headers")

    def __init__(self, path: bytes, query: bytes, raw_headers: list[Header]) -> None:
        self.path = path
        self.query = query
        self.raw_headers = raw_headers  # names in lower case
        self.headers = dict(raw_headers)  # of doubles the last
        self.judged: object = None  # the guard's: who asks
        self.onward: object = None  # `sending.py`: what an engine gets of it
