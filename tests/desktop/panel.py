"""A panel without pixels: owns the watcher's name and uses tray icons as KDE's panel does.

`drive` runs a test against a real tray program on a session bus of its own.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

from dbus_fast import Message, MessageType, PropertyAccess, RequestNameReply, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusInt32, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
WAIT_S = 60.0  # a whole app starts in it, on a machine that has other work

Names = Annotated[list[str], DBusSignature("as")]


class Watcher(ServiceInterface):
    """Keeps who registered."""

    def __init__(self) -> None:
        super().__init__(WATCHER)
        self.items: asyncio.Queue[str] = asyncio.Queue()

    @dbus_method()
    def RegisterStatusNotifierItem(self, service: DBusStr) -> None:
        """An icon says hello."""
        self.items.put_nowait(service)

    @dbus_property(access=PropertyAccess.READ)
    def RegisteredStatusNotifierItems(self) -> Names:
        """Not asked by our tray."""
        return []

    @dbus_property(access=PropertyAccess.READ)
    def IsStatusNotifierHostRegistered(self) -> DBusBool:
        """Somebody draws."""
        return True

    @dbus_property(access=PropertyAccess.READ)
    def ProtocolVersion(self) -> DBusInt32:
        """Of the protocol."""
        return 0


class Notifications(ServiceInterface):
    """A notification daemon that remembers, and reads its texts as markup as most do."""

    def __init__(self) -> None:
        super().__init__("org.freedesktop.Notifications")
        self.told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    @dbus_method()
    def GetCapabilities(self) -> Names:
        """What it can do."""
        return ["body", "body-markup"]

    @dbus_method()
    def Notify(
        self,
        _app: DBusStr,
        _replaces: Annotated[int, DBusSignature("u")],
        _icon: DBusStr,
        title: DBusStr,
        text: DBusStr,
        _actions: Names,
        _hints: Annotated[dict[str, Variant], DBusSignature("a{sv}")],
        _timeout: DBusInt32,
    ) -> Annotated[int, DBusSignature("u")]:
        """Show it."""
        self.told.put_nowait((title, text))
        return 1


class Panel:
    """The panel's side of the bus."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.watcher = Watcher()
        self.notifications = Notifications()
        self.icon = ""
        self.signals: asyncio.Queue[str] = asyncio.Queue()

    async def appear(self, *, notifications: bool = True) -> None:
        """Take the names."""
        self.bus.export("/StatusNotifierWatcher", self.watcher)
        assert await self.bus.request_name(WATCHER) is RequestNameReply.PRIMARY_OWNER
        if notifications:
            self.bus.export("/org/freedesktop/Notifications", self.notifications)
            await self.bus.request_name("org.freedesktop.Notifications")
        rule = f"type='signal',interface='{MENU}'"
        await self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "AddMatch", "s", rule)
        self.bus.add_message_handler(self._heard)

    async def disappear(self) -> None:
        """As when a panel crashes."""
        await self.bus.release_name(WATCHER)

    async def come_back(self) -> None:
        """As when it is started again."""
        await self.bus.request_name(WATCHER)

    async def registered(self) -> str:
        """The next icon that says hello."""
        self.icon = await asyncio.wait_for(self.watcher.items.get(), WAIT_S)
        return self.icon

    async def told(self) -> tuple[str, str]:
        """The next notification."""
        return await asyncio.wait_for(self.notifications.told.get(), WAIT_S)

    async def changed(self) -> str:
        """The next signal of the menu."""
        return await asyncio.wait_for(self.signals.get(), WAIT_S)

    async def property(self, name: str) -> Any:
        """A property of the icon."""
        properties = "org.freedesktop.DBus.Properties"
        return await self.call(
            self.icon, "/StatusNotifierItem", properties, "Get", "ss", ITEM, name
        )

    async def menu(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Label → number and properties, submenus included."""
        _, tree = await self.call_menu("GetLayout", "iias", 0, -1, [])
        return dict(_flat(tree))

    async def click(self, label: str) -> int:
        """On a line, by its label; returns its number."""
        number, _ = (await self.menu())[label]
        await self.call_menu("Event", "isvu", number, "clicked", Variant("i", 0), 0)
        return number

    async def activate(self) -> None:
        """A plain click on the icon."""
        await self.call(self.icon, "/StatusNotifierItem", ITEM, "Activate", "ii", 0, 0)

    async def call_menu(self, member: str, signature: str, *body: Any) -> Any:
        """A method of the menu."""
        return await self.call(self.icon, "/MenuBar", MENU, member, signature, *body)

    async def call(
        self, to: str, path: str, interface: str, member: str, signature: str, *body: Any
    ) -> Any:
        """The answer without variants; RuntimeError for an error."""
        reply = await self.bus.call(
            Message(
                destination=to,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        assert reply is not None
        if reply.message_type is MessageType.ERROR:
            raise RuntimeError(f"{reply.error_name}: {reply.body}")
        plain = _plain(reply.body)
        return plain[0] if len(plain) == 1 else plain

    def _heard(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.interface == MENU:
            self.signals.put_nowait(message.member or "")


class TrayProgram:
    """The program under test."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def said(self) -> dict[str, Any]:
        """Its next line."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), WAIT_S)
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def do(self, what: str) -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n".encode())
        await self.process.stdin.drain()

    async def ended(self) -> int:
        """Its exit code."""
        return await asyncio.wait_for(self.process.wait(), WAIT_S)


# Without service directories: a bus that starts portals and daemons would leave them behind.
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def session_bus(folder: Path) -> Iterator[str]:
    """A bus of our own: its address."""
    daemon = shutil.which("dbus-daemon")
    assert daemon is not None, "needs the Debian package dbus-daemon"
    address = f"unix:path={folder}/bus"
    config = folder / "bus.conf"
    config.write_text(BUS_CONFIG.format(address=address))
    command = [daemon, "--nofork", "--nopidfile", f"--config-file={config}", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # printed when it listens
        try:
            yield address
        finally:
            process.terminate()


@asynccontextmanager
async def tray_on(
    address: str, config: Path, *, locale: str = "C.UTF-8"
) -> AsyncIterator[TrayProgram]:
    """The real tray, on that bus, for a person whose system is set to that locale."""
    environ = {
        **os.environ,
        "DBUS_SESSION_BUS_ADDRESS": address,
        "XDG_CONFIG_HOME": str(config),
        "LC_ALL": locale,
        "LANGUAGE": "",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.desktop.tray_program",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environ,
    )
    try:
        yield TrayProgram(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def owned(bus: MessageBus, prefix: str) -> str:
    """The first name on the bus that begins so, once there is one."""
    call = Message(
        destination="org.freedesktop.DBus",
        path="/org/freedesktop/DBus",
        interface="org.freedesktop.DBus",
        member="ListNames",
    )
    async with asyncio.timeout(WAIT_S):
        while True:
            reply = await bus.call(call)
            assert reply is not None
            if names := [name for name in reply.body[0] if name.startswith(prefix)]:
                return str(names[0])
            await asyncio.sleep(0.05)


@asynccontextmanager
async def panel_on(address: str, *, notifications: bool = True) -> AsyncIterator[Panel]:
    """A panel, on that bus."""
    bus = await MessageBus(bus_address=address).connect()
    panel = Panel(bus)
    try:
        await panel.appear(notifications=notifications)
        yield panel
    finally:
        bus.disconnect()


def _plain(value: Any) -> Any:
    if isinstance(value, Variant):
        return _plain(value.value)
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value


def _flat(tree: Any) -> Iterator[tuple[str, tuple[int, dict[str, Any]]]]:
    number, properties, children = tree
    if "label" in properties:
        yield re.sub("_(.)", r"\1", properties["label"]), (number, properties)
    for child in children:
        yield from _flat(child)
