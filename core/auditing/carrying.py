"""What a new log is given of an old one: recipes, keys, settings, names, conversations.

    recipes, virtual models, providers, keys, settings      as they were at the end, one fact each
    runtimes, models, conversations, sealed months, keys that signed       their facts again

The old facts themselves, with their times, stand in the export and in the file moved aside.
"""

from collections.abc import Iterator

from events.envelope import Recorded, UnknownEvent
from events.facts import (
    AuditKeyMade,
    AuditKeyReplaced,
    AuditLogContinued,
    AuditSegmentPruned,
    AuditSegmentSealed,
    KeyIssued,
    KeyLimitsSet,
    KeyReinstated,
    KeyRevoked,
    ProviderRemoved,
    ProviderSaved,
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeImported,
    RecipeRestored,
    RecipeRevised,
    SettingChanged,
    VirtualModelRemoved,
    VirtualModelSaved,
)
from events.facts.base import Fact

AS_THEY_WERE = ("runtime-", "model-", "conversation-")  # streams
OF_THE_AUDIT = (
    AuditKeyMade,
    AuditKeyReplaced,
    AuditLogContinued,  # of a log before the old one: notes of it may be kept outside
    AuditSegmentSealed,
    AuditSegmentPruned,
)


class Carried:
    """Takes in the old log's events, in order; `facts` is what the new one begins with."""

    def __init__(self, log_id: str) -> None:
        self._source = f"the log {log_id}"
        self._last: dict[str, Fact] = {}  # by what it is about
        self._ended: dict[str, Fact] = {}  # what is archived or revoked, by stream
        self._again: list[tuple[str, Fact]] = []
        self.counts: dict[str, int] = {}

    def take(self, recorded: Recorded) -> None:
        """One event more."""
        event = recorded.event
        if isinstance(event, UnknownEvent):
            return
        if recorded.stream.startswith(AS_THEY_WERE) or isinstance(event, OF_THE_AUDIT):
            self._again.append((recorded.stream, event))
            return
        match event:
            case (
                RecipeCreated(recipe_id=id)
                | RecipeRevised(recipe_id=id)
                | RecipeCloned(recipe_id=id)
                | RecipeImported(recipe_id=id)
            ):
                self._last[recorded.stream] = RecipeImported(
                    recipe_id=id, source=self._source, recipe=event.recipe
                )
            case RecipeArchived() | KeyRevoked():
                self._ended[recorded.stream] = event
            case RecipeRestored() | KeyReinstated():
                self._ended.pop(recorded.stream, None)
            case KeyIssued() | VirtualModelSaved() | ProviderSaved():
                self._last[recorded.stream] = event
            case KeyLimitsSet():
                self._last[f"{recorded.stream} limits"] = event
            case SettingChanged(key=key):
                self._last[f"settings {key}"] = event
            case VirtualModelRemoved() | ProviderRemoved():
                self._last.pop(recorded.stream, None)

    def facts(self) -> Iterator[tuple[str, Fact]]:
        """Stream and fact, in the order in which they are to be recorded; counts what it gives."""
        for about, fact in self._last.items():
            yield self._counted(about.split(" ")[0], fact)
        yield from ((stream, fact) for stream, fact in self._ended.items() if stream in self._last)
        for stream, fact in self._again:
            yield self._counted(stream, fact)

    def _counted(self, stream: str, fact: Fact) -> tuple[str, Fact]:
        name = _KINDS.get(type(fact)) or next(
            (begin.rstrip("-") + " facts" for begin in AS_THEY_WERE if stream.startswith(begin)), ""
        )
        if name:
            self.counts[name] = self.counts.get(name, 0) + 1
        return stream, fact


_KINDS: dict[type[Fact], str] = {
    RecipeImported: "recipes",
    KeyIssued: "keys",
    SettingChanged: "settings",
    VirtualModelSaved: "virtual models",
    ProviderSaved: "providers",
    AuditSegmentSealed: "sealed months",
}
