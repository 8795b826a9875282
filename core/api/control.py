"""`/api/quit`, `/api/focus`, `/api/demo`: the app itself."""

import msgspec
from litestar import post

from core.api.asking import Asking
from core.application import Application
from core.demo import all_installed, set_up_demo
from core.errors import Invalid, NotAllowed


class QuitWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a quit."""

    leave_engines: bool = False


class DemoWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of the demo: only "setup" so far as an action."""

    action: str = "setup"
    wait: bool = False


class DemoAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """What is being set up; progress comes as events."""

    recipes: tuple[str, ...]
    installing: tuple[str, ...]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is so."""

    ok: bool = True


@post("/quit", status_code=202)
async def quit_app(application: Application, asking: Asking, data: QuitWish) -> Done:
    """Stop the studio; engines stop too unless they are to be left running."""
    demand_owner(asking, "stop vLLM Studio")
    application.request_stop(leave_engines=data.leave_engines, reason=f"the {asking.actor} asked")
    return Done()


@post("/focus", status_code=202)
async def focus(application: Application, asking: Asking) -> Done:
    """Open the window, or bring it to the front."""
    demand_owner(asking, "open its window")
    for callback in application.on_focus:
        callback()
    return Done(ok=bool(application.on_focus))


@post("/demo", status_code=202)
async def demo(application: Application, asking: Asking, data: DemoWish) -> DemoAccepted:
    """Install what the demo needs and save its recipes; again is harmless."""
    if data.action != "setup":
        raise Invalid(f"unknown action {data.action!r}; known: setup", field="action")
    recipes, tasks = await set_up_demo(application, actor=asking.actor)
    if data.wait:
        await all_installed(tasks.values())
    return DemoAccepted(recipes=recipes, installing=tuple(tasks))


def demand_owner(asking: Asking, what: str) -> None:
    """Only who can read the owner's token may do this."""
    if not asking.owner:
        raise NotAllowed(
            f"only the owner of this machine may {what}",
            code="owner-only",
            next_action="use the `vllm-studio` command, the tray or the app's window",
        )


def demand_trusted(asking: Asking, what: str, next_action: str) -> None:
    """The owner, or a named key, whose scopes were asked about before."""
    if not asking.owner and asking.key_id is None:
        raise NotAllowed(
            f"only the owner of this machine, or a key with the scope `audit`, may {what}",
            code="owner-only",
            next_action=next_action,
        )


HANDLERS = (quit_app, focus, demo)
