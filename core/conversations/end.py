"""The end of a long conversation: what a window draws first. Pure.

What led to a message never changes, so the same count and leaf always name the same messages.
"""

from collections.abc import Iterable

import msgspec

from events.envelope import Recorded
from events.facts import ConversationBranchChosen, MessageAdded


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The last messages of a branch, the last first, and them with what stands beside them."""

    leaf: str | None
    branch: tuple[str, ...]  # ids
    messages: tuple[Recorded, ...]  # in the order in which they were added


def end_of(newest_first: Iterable[Recorded], count: int, leaf: str | None = None) -> End:
    """At least `count` messages of the branch that is shown, or of that to `leaf`.

    It begins at what a person said, never amid an answer. Facts are read no further than to the
    message before it: what stands beside a message came after what both follow.
    """
    came: list[Recorded] = []
    branch: list[str] = []
    above: set[str | None] = set()
    wanted, whole = leaf, False
    for one in newest_first:
        event = one.event
        if not isinstance(event, MessageAdded | ConversationBranchChosen):
            continue
        leaf = leaf or event.message_id
        wanted = leaf if not branch else wanted
        if not isinstance(event, MessageAdded):
            continue
        if event.message_id == wanted and whole:
            break
        came.append(one)
        if event.message_id == wanted:
            branch.append(wanted)
            above.add(event.parent_id)
            wanted = event.parent_id
            whole = len(branch) >= count and event.role == "user"
    return End(leaf=leaf, branch=tuple(branch), messages=_beside(reversed(came), above))


def _beside(came: Iterable[Recorded], above: set[str | None]) -> tuple[Recorded, ...]:
    return tuple(
        one for one in came if isinstance(one.event, MessageAdded) and one.event.parent_id in above
    )
