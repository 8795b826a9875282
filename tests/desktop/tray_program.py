"""A program with the real tray over a studio of pictures; prints what it was asked, as JSON lines.

A switch takes the machine through loading to ready, as long as it is told to on standard input;
"language de" there is the window's choice of a language.
"""

import concurrent.futures
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from core.errors import Refused
from core.status import Status
from core.switching.commands import RequestEvict, RequestSwitch
from desktop.tray import Tray
from tests.desktop.pictures import change, machine, recipe, templates


def tell(**message: Any) -> None:
    """One line for the test."""
    print(json.dumps(message), flush=True)


class PictureStudio:
    """A studio whose state is a picture."""

    def __init__(self) -> None:
        self.picture = machine(
            recipe("qwen_32b", "ready"),
            recipe("llama"),
            recipe("refused"),
            state="ready",
            active="qwen_32b",
        )
        self.language = "auto"
        self.listeners: list[Callable[[Status], None]] = []

    def status(self) -> Status:
        """The newest picture."""
        return self.picture

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        """Told of every new picture."""
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def submit(self, command: Any, *, actor: str) -> "concurrent.futures.Future[Any]":
        """Say what was asked, and begin it."""
        tell(asked=type(command).__name__, actor=actor, **msgspec.to_builtins(command))
        answer: concurrent.futures.Future[Any] = concurrent.futures.Future()
        if getattr(command, "target", None) == "refused":
            answer.set_exception(Refused("there is no room"))
            return answer
        answer.set_result(None)
        if isinstance(command, RequestSwitch):
            loading = recipe(command.target, "loading", percent=40.0)
            self.show(
                machine(
                    recipe("qwen_32b"),
                    loading,
                    state="switching",
                    switch=change(command.target),
                )
            )
        elif isinstance(command, RequestEvict):
            self.show(machine(recipe("qwen_32b"), recipe("llama")))
        return answer

    def speak(self, language: str) -> None:
        """Another language was chosen."""
        self.language = language
        self.show(self.picture)

    def finish(self) -> None:
        """The load ends well."""
        ready = recipe("llama", "ready")
        self.show(
            machine(
                recipe("qwen_32b"),
                ready,
                state="ready",
                active="llama",
            )
        )

    def fail(self) -> None:
        """What was ready crashes, with a cause that the server knows."""
        failed = recipe(
            "qwen_32b",
            "failed",
            error="port 8000 is used by another program",
            next_action="Stop <that> program & try again.",
        )
        self.show(machine(failed, recipe("llama"), state="failed"))

    def show(self, picture: Status) -> None:
        """A new picture, from whichever thread; the language stays."""
        self.picture = msgspec.structs.replace(picture, language=self.language)
        for callback in list(self.listeners):
            callback(self.picture)


def main() -> None:
    """Until quit from the tray, or the end of standard input."""
    studio = PictureStudio()

    def quit_app(leave: bool) -> None:
        tell(quit=True, leave_engines=leave)
        tray.stop()

    tray = Tray(
        studio,
        open_window=lambda page: tell(opened=page),
        quit_app=quit_app,
        templates=templates,
    )

    def obey() -> None:
        for line in sys.stdin:
            match line.split():
                case ["finish"]:
                    studio.finish()
                case ["fail"]:
                    studio.fail()
                case ["language", language]:
                    studio.speak(language)
        tray.stop()

    threading.Thread(target=obey, daemon=True).start()
    tray.run()
    tell(ended=True)


if __name__ == "__main__":
    main()
