"""What this login offers: a display for the window, a host for the tray icon.

Looked at once, at start, and put into a sentence, because a tray that silently does not appear
is the commonest puzzle of Linux desktops.
"""

import asyncio
import os
import sys
from collections.abc import Mapping

import msgspec
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

WATCHER = "org.kde.StatusNotifierWatcher"
LOOK_S = 2.0


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; `explanation` says it to the person who started us."""

    display: bool
    tray_host: bool
    explanation: str


def look_around(environ: Mapping[str, str] = os.environ) -> Surroundings:
    """Never raises and takes two seconds at most."""
    display = has_display(environ)
    tray_host = display if not sys.platform.startswith("linux") else has_tray_host(environ)
    return Surroundings(
        display=display, tray_host=tray_host, explanation=_in_words(display, tray_host)
    )


def has_display(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a window could be shown."""
    if sys.platform == "win32":
        return True
    if sys.platform == "darwin":
        return "SSH_CONNECTION" not in environ
    return bool(environ.get("WAYLAND_DISPLAY") or environ.get("DISPLAY"))


def has_tray_host(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody on the session bus draws StatusNotifierItems. Linux only."""
    address = session_bus(environ)
    if address is None:
        return False
    try:
        return asyncio.run(_ask_the_watcher(address))
    except (OSError, EOFError, TimeoutError, ValueError):
        return False
    except Exception as error:  # dbus_fast raises its own kinds for a broken bus
        if type(error).__module__.startswith("dbus_fast"):
            return False
        raise


def session_bus(environ: Mapping[str, str] = os.environ) -> str | None:
    """The session bus' address: as it was told, else where systemd puts it."""
    if address := environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    runtime = environ.get("XDG_RUNTIME_DIR")
    socket = os.path.join(runtime, "bus") if runtime else ""
    return f"unix:path={socket}" if runtime and os.path.exists(socket) else None


async def _ask_the_watcher(address: str) -> bool:
    async with asyncio.timeout(LOOK_S):
        bus = await MessageBus(bus_address=address).connect()
        try:
            reply = await bus.call(
                Message(
                    destination=WATCHER,
                    path="/StatusNotifierWatcher",
                    interface="org.freedesktop.DBus.Properties",
                    member="Get",
                    signature="ss",
                    body=[WATCHER, "IsStatusNotifierHostRegistered"],
                )
            )
        finally:
            bus.disconnect()
    if reply is None or reply.message_type is not MessageType.METHOD_RETURN:
        return False
    value = reply.body[0]
    return bool(value.value if isinstance(value, Variant) else value)


def _in_words(display: bool, tray_host: bool) -> str:
    if tray_host:
        return "Its icon is in the tray."
    if display:
        return (
            "This desktop shows no tray icons, so there is only the window."
            " On GNOME the AppIndicator extension brings them."
        )
    return "There is no display here: running without tray and window. Ctrl-C ends it."
