"""The tray icon's life on the session bus: registered, registered again when the panel restarts.

run ──► connect ──► own a name ──► register with the watcher ◄── a watcher appears
                                         │
stop, or the bus goes away ──────────────┴──► run returns
"""

import asyncio
import html
import os
from collections.abc import Callable, Coroutine
from typing import Any

from dbus_fast import DBusError, Message
from dbus_fast.aio import MessageBus

from desktop.notifications import Notification
from desktop.status_notifier.item import MENU_PATH, StatusNotifierItem
from desktop.status_notifier.menu import DBusMenu
from desktop.surroundings import WATCHER, session_bus
from desktop.tray_menu import Action, Picture

ITEM_PATH = "/StatusNotifierItem"
BUS = "org.freedesktop.DBus"
NOTIFICATIONS = "org.freedesktop.Notifications"


class StatusNotifierTray:
    """One icon. `run` belongs to one thread; everything else may be called from any."""

    def __init__(self, *, clicked: Callable[[Action], None], activated: Callable[[], None]) -> None:
        self._item = StatusNotifierItem(activated)
        self._menu = DBusMenu(clicked)
        self._name = f"org.kde.StatusNotifierItem-{os.getpid()}-1"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bus: MessageBus | None = None
        self._ending: asyncio.Event | None = None
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon until `stop`; raises OSError or DBusError when there is no bus to use."""
        asyncio.run(self._run(ready))

    def show(self, picture: Picture) -> None:
        """Show another picture."""
        self._soon(lambda: self._show(picture))

    def notify(self, notification: Notification) -> None:
        """Tell the person; a desktop without notifications is passed over in silence."""
        self._soon(lambda: self._start(self._notify(notification)))

    def stop(self) -> None:
        """Take the icon away and let `run` return; fine before it began, fine to repeat."""
        self._stopped = True
        self._soon(lambda: self._ending.set() if self._ending else None)

    # -- in the loop -----------------------------------------------------------------------------

    async def _run(self, ready: Callable[[], None]) -> None:
        self._ending = asyncio.Event()
        self._bus = bus = await MessageBus(bus_address=session_bus()).connect()
        try:
            bus.export(ITEM_PATH, self._item)
            bus.export(MENU_PATH, self._menu)
            await bus.request_name(self._name)
            await self._follow_watchers(bus)
            await self._register(bus)
            self._loop = asyncio.get_running_loop()
            ready()
            if not self._stopped:
                await self._until_over(bus, self._ending)
        finally:
            self._loop = None
            bus.disconnect()

    async def _until_over(self, bus: MessageBus, ending: asyncio.Event) -> None:
        wait_for_disconnect: Callable[[], Any] = bus.wait_for_disconnect
        gone = asyncio.ensure_future(wait_for_disconnect())
        end = asyncio.ensure_future(ending.wait())
        await asyncio.wait((gone, end), return_when=asyncio.FIRST_COMPLETED)
        end.cancel()
        if gone.done() and not ending.is_set():
            raise ConnectionError("the session bus went away") from gone.exception()
        gone.cancel()

    async def _follow_watchers(self, bus: MessageBus) -> None:
        """A panel that restarts forgets us: register again with whoever takes the name."""
        rule = f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{WATCHER}'"
        bus.add_message_handler(self._heard)
        await bus.call(_call(BUS, "/org/freedesktop/DBus", BUS, "AddMatch", "s", rule))

    def _heard(self, message: Message) -> None:
        if message.member != "NameOwnerChanged" or message.body[0] != WATCHER:
            return
        if message.body[2] and self._bus is not None:  # somebody owns the name now
            self._start(self._register(self._bus))

    async def _register(self, bus: MessageBus) -> None:
        """No watcher now is no failure: one may come."""
        call = _call(
            WATCHER,
            "/StatusNotifierWatcher",
            WATCHER,
            "RegisterStatusNotifierItem",
            "s",
            self._name,
        )
        await bus.call(call)

    def _show(self, picture: Picture) -> None:
        self._item.show(picture.look, picture.title)
        self._menu.show(picture.menu)

    async def _notify(self, notification: Notification) -> None:
        text = notification.text
        capabilities = await self._ask("GetCapabilities")
        if capabilities and "body-markup" in capabilities[0]:
            text = html.escape(text, quote=False)  # "<class 'OSError'>" is no markup of ours
        body = ["vLLM Studio", 0, "vllm-studio", notification.title, text, [], {}, -1]
        await self._ask("Notify", "susssasa{sv}i", *body)

    async def _ask(self, member: str, signature: str = "", *body: object) -> list[Any]:
        """The notification daemon; an error is an answer too, and changes nothing."""
        assert self._bus is not None, "only called in the loop, after connecting"
        path = "/org/freedesktop/Notifications"
        reply = await self._bus.call(
            _call(NOTIFICATIONS, path, NOTIFICATIONS, member, signature, *body)
        )
        return list(reply.body) if reply is not None else []

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        async def tolerant() -> None:
            try:
                await work
            except (OSError, EOFError, DBusError):
                return  # the bus or the daemon is gone; whoever waits for the bus says so

        task = asyncio.ensure_future(tolerant())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _soon(self, work: Callable[[], object]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(work)


def _call(
    destination: str, path: str, interface: str, member: str, signature: str, *body: object
) -> Message:
    return Message(
        destination=destination,
        path=path,
        interface=interface,
        member=member,
        signature=signature,
        body=list(body),
    )
