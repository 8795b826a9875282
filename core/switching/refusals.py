"""Why there is no room, in a sentence for the person who asked."""

from core.errors import Refused
from core.switching.commands import Change, RequestLoad


def no_room(change: Change, in_the_way: tuple[str, ...], max_resident: int) -> Refused:
    """The sentence for a machine on which the target finds no place."""
    target, names = change.target, ", ".join(in_the_way)
    if isinstance(change, RequestLoad) and names:
        return Refused(
            f"there is no room for {target} beside {names}",
            code="no-room",
            next_action=f"switch to {target} instead: then others make room",
        )
    if not names:
        return Refused(
            f"{target} does not fit into the memory that is left by other programs",
            code="does-not-fit",
            next_action="close what else uses the memory, or make the recipe smaller",
        )
    are = "is" if len(in_the_way) == 1 else "are"
    limit = f" and {max_resident} model(s) may be resident at once" if max_resident else ""
    return Refused(
        f"there is no room for {target}: {names} {are} pinned{limit}",
        code="all-pinned",
        next_action="unpin one of them, evict it, or raise the setting max_resident",
    )
