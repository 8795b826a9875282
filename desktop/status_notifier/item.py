"""org.kde.StatusNotifierItem: the icon, its title, and the plain click on it."""

from collections.abc import Callable
from typing import Annotated, Any

from dbus_fast import PropertyAccess
from dbus_fast.annotations import DBusBool, DBusInt32, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from desktop.tray_icon import argb, icon
from desktop.tray_menu import Look

MENU_PATH = "/MenuBar"  # where hosts look even before they read the property
SIZES = (22, 32, 48)

Pixmaps = Annotated[list[Any], DBusSignature("a(iiay)")]
ToolTip = Annotated[list[Any], DBusSignature("(sa(iiay)ss)")]


class StatusNotifierItem(ServiceInterface):
    """What hosts draw."""

    def __init__(self, activated: Callable[[], None]) -> None:
        super().__init__("org.kde.StatusNotifierItem")
        self._activated = activated
        self._look: Look = "idle"
        self._title = "vLLM Studio"

    def show(self, look: Look, title: str) -> None:
        """Another icon or title; hosts are told what changed."""
        if title != self._title:
            self._title = title
            self.NewTitle()
            self.NewToolTip()
        if look != self._look:
            self._look = look
            self.NewIcon()

    # -- clicks ----------------------------------------------------------------------------------

    @dbus_method()
    def Activate(self, _x: DBusInt32, _y: DBusInt32) -> None:
        """A plain click."""
        self._activated()

    @dbus_method()
    def SecondaryActivate(self, _x: DBusInt32, _y: DBusInt32) -> None:
        """A middle click: nothing."""

    @dbus_method()
    def ContextMenu(self, _x: DBusInt32, _y: DBusInt32) -> None:
        """Hosts show the menu themselves."""

    @dbus_method()
    def Scroll(self, _delta: DBusInt32, _orientation: DBusStr) -> None:
        """Nothing."""

    # -- what hosts hear -------------------------------------------------------------------------

    @dbus_signal()
    def NewIcon(self) -> None:
        """Read IconPixmap again."""

    @dbus_signal()
    def NewTitle(self) -> None:
        """Read Title again."""

    @dbus_signal()
    def NewToolTip(self) -> None:
        """Read ToolTip again."""

    # -- what hosts read -------------------------------------------------------------------------

    @dbus_property(access=PropertyAccess.READ)
    def Category(self) -> DBusStr:
        """What kind of program this is."""
        return "ApplicationStatus"

    @dbus_property(access=PropertyAccess.READ)
    def Id(self) -> DBusStr:
        """The same in every run, so that hosts remember where people put the icon."""
        return "vllm-studio"

    @dbus_property(access=PropertyAccess.READ)
    def Title(self) -> DBusStr:
        """The machine in one sentence."""
        return self._title

    @dbus_property(access=PropertyAccess.READ)
    def Status(self) -> DBusStr:
        """Shown, always."""
        return "Active"

    @dbus_property(access=PropertyAccess.READ)
    def WindowId(self) -> DBusInt32:
        """The window is another process."""
        return 0

    @dbus_property(access=PropertyAccess.READ)
    def IconName(self) -> DBusStr:
        """Not from a theme: drawn."""
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def IconPixmap(self) -> Pixmaps:
        """The icon in the sizes panels use."""
        return [[size, size, argb(icon(self._look, size))] for size in SIZES]

    @dbus_property(access=PropertyAccess.READ)
    def ToolTip(self) -> ToolTip:
        """What hovering shows."""
        return ["", [], self._title, ""]

    @dbus_property(access=PropertyAccess.READ)
    def ItemIsMenu(self) -> DBusBool:
        """A plain click opens the window; the menu is the other click."""
        return False

    @dbus_property(access=PropertyAccess.READ)
    def Menu(self) -> DBusObjectPath:
        """Where the menu is."""
        return MENU_PATH
