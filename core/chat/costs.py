"""What the requests of replies cost, as the usage log has it: the one rule for money holds here."""

from collections import OrderedDict

from events.facts import RequestFinished

KEPT = 256  # requests; a reply asks for its own at once


class ReplyCosts:
    """Listens to the usage log. Loop-bound."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, float] = OrderedDict()

    def heard(self, fact: RequestFinished) -> None:
        """A request has ended."""
        if fact.cost is not None:
            self._known[fact.request_id] = fact.cost
            if len(self._known) > KEPT:
                self._known.popitem(last=False)

    def of(self, request_id: str) -> float | None:
        """What it cost; None: nobody says, or it is counted later."""
        return self._known.get(request_id)
