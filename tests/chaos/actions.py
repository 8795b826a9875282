"""What may happen to a studio in a bad night, as plain values: they are traced and replayed."""

from typing import ClassVar

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True, tag_field="do"):
    """Something that is done `at` so many seconds after the beginning."""

    at: float


# ---- what clients do ----------------------------------------------------------------------------


class Ask(Action, frozen=True, kw_only=True, tag="ask"):
    """A request. `leaves_after`: the client hangs up after so many seconds, whatever it has got."""

    number: int
    model: str
    stream: bool
    tokens: int
    leaves_after: float | None = None


# ---- what a person does -------------------------------------------------------------------------


class Switch(Action, frozen=True, kw_only=True, tag="switch"):
    """A switch by hand."""

    target: str
    force: bool = False


class Evict(Action, frozen=True, kw_only=True, tag="evict"):
    """One model, or all of them, out of memory."""

    target: str | None
    force: bool = False


class CancelChange(Action, frozen=True, kw_only=True, tag="cancel-change"):
    """The change to this model, or every change, is given up."""

    target: str | None


class CancelRequest(Action, frozen=True, kw_only=True, tag="cancel-request"):
    """The oldest running request is cancelled by its id."""


class EditRecipe(Action, frozen=True, kw_only=True, tag="edit-recipe"):
    """A recipe is saved with other knobs (`models.VARIANTS`), also while its engine runs."""

    model: str
    variant: str


# ---- what befalls it ----------------------------------------------------------------------------


class Fault(Action, frozen=True, kw_only=True):
    """Something that nobody asked for. An exclusive one is let finish before the next begins."""

    exclusive: ClassVar[bool] = False


class KillEngine(Fault, frozen=True, kw_only=True, tag="kill-engine"):
    """kill -9 of an engine's parent process; its child lives on and ignores SIGTERM."""

    pick: int  # of the engines that run then


class KillEngineChild(Fault, frozen=True, kw_only=True, tag="kill-engine-child"):
    """kill -9 of a process that an engine forked."""

    pick: int


class KillGateway(Fault, frozen=True, kw_only=True, tag="kill-gateway"):
    """kill -9 of LiteLLM."""

    exclusive = True


class KillApp(Fault, frozen=True, kw_only=True, tag="kill-app"):
    """kill -9 of the app; it is started again after `down` seconds."""

    exclusive = True
    down: float


class RestartApp(Fault, frozen=True, kw_only=True, tag="restart-app"):
    """A quit, with the engines left running or not, and a new start."""

    exclusive = True
    leave_engines: bool


class Freeze(Fault, frozen=True, kw_only=True, tag="freeze"):
    """SIGSTOP of an engine's parent, and SIGCONT after so many seconds."""

    pick: int
    seconds: float


class StealPorts(Fault, frozen=True, kw_only=True, tag="steal-ports"):
    """A stranger listens on the next port, and on that of every engine that is loading."""

    seconds: float


class FillDisk(Fault, frozen=True, kw_only=True, tag="fill-disk"):
    """No byte is left for the data directory, for so many seconds."""

    exclusive = True
    seconds: float


Anything = (
    Ask
    | Switch
    | Evict
    | CancelChange
    | CancelRequest
    | EditRecipe
    | KillEngine
    | KillEngineChild
    | KillGateway
    | KillApp
    | RestartApp
    | Freeze
    | StealPorts
    | FillDisk
)
