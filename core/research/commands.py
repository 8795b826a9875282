"""What may be asked of a research. Ids and ciphertexts are made by whoever asks."""

import msgspec


class AskFor(msgspec.Struct, frozen=True, kw_only=True):
    """Begin one."""

    research_id: str
    model: str
    sealed: bytes
    providers: tuple[str, ...]
    sources: int
    tokens: int
    minutes: float
    clarify: bool


class AnswerBack(msgspec.Struct, frozen=True, kw_only=True):
    """Answer what it asked back, or leave it open."""

    sealed: bytes


class EditPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Put another plan in the place of its own."""

    steps: int
    sealed: bytes


class Start(msgspec.Struct, frozen=True):
    """Accept the plan."""


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Do nothing more until it is resumed; `reason` is `asked`, or the code of a problem."""

    reason: str
    sealed: bytes
    ran_s: float


class Resume(msgspec.Struct, frozen=True, kw_only=True):
    """Go on where it was left; with another model, where one is named."""

    model: str = ""


class ChooseProviders(msgspec.Struct, frozen=True, kw_only=True):
    """Search elsewhere from now on; what was found stays."""

    providers: tuple[str, ...]


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """End it with what it has."""

    ran_s: float


class RequestErasure(msgspec.Struct, frozen=True):
    """Show it to nobody any more; its key is about to be destroyed."""


class FinishErasure(msgspec.Struct, frozen=True):
    """Its key is destroyed."""


ResearchCommand = (
    AskFor
    | AnswerBack
    | EditPlan
    | Start
    | Pause
    | Resume
    | ChooseProviders
    | Stop
    | RequestErasure
    | FinishErasure
)
