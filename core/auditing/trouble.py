"""Why the log is only read and not written, in words for whoever has to see to it."""

from typing import Literal

import msgspec

from core.status import ProblemView
from events.errors import EventError, LogDamaged, LogNewer, LogRolledBack

Code = Literal["log-damaged", "log-rolled-back", "log-newer", "log-unavailable"]

RECOVER = (
    "see what is wrong with `vllm-studio audit verify`, put a good copy in its place, or end "
    "vLLM Studio and go on with what is good: `vllm-studio audit recover`"
)
NEXT_ACTION: dict[Code, str] = {
    "log-damaged": RECOVER,
    "log-rolled-back": RECOVER,
    "log-newer": "start the newer version of vLLM Studio again, or update this one",
    "log-unavailable": (
        "make room on the disk that holds the data directory, or make it writable, "
        "and start vLLM Studio again"
    ),
}


SAID_TWICE = (
    "the log cannot be used now: ",
    "the log is damaged or was changed from outside: ",
)


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """The log can be looked at and nothing else; so nothing is changed, started or stopped."""

    code: Code
    reason: str
    next_action: str
    position: int | None = None  # the first bad event, where one is known

    @property
    def sentence(self) -> str:
        """What is wrong and what that means."""
        return f"{self.reason}. Nothing is changed, started or stopped until that is seen to"

    def view(self) -> ProblemView:
        """As the status shows it."""
        return ProblemView(
            code=self.code,
            sentence=self.sentence,
            next_action=self.next_action,
            position=self.position,
        )


def trouble_of(error: EventError) -> Trouble:
    """What the error means for the studio."""
    text = str(error)
    for begin in SAID_TWICE:
        text = text.removeprefix(begin)
    match error:
        case LogRolledBack():
            code: Code = "log-rolled-back"
            reason = f"the log is not the one that was signed for: {text}"
        case LogDamaged():
            code, reason = "log-damaged", f"the log is damaged: {text}"
        case LogNewer():
            code, reason = "log-newer", f"the log belongs to a newer version: {text}"
        case _:
            code, reason = "log-unavailable", f"the log can not be written: {text}"
    position = error.position if isinstance(error, LogDamaged) else None
    return Trouble(code=code, reason=reason, next_action=NEXT_ACTION[code], position=position)
