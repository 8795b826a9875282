"""com.canonical.dbusmenu: the menu, asked for and clicked over D-Bus."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from dbus_fast import DBusError, ErrorType, PropertyAccess, Variant
from dbus_fast.annotations import DBusBool, DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from desktop.status_notifier.tree import Layout, MenuTree
from desktop.tray_menu import Action, Item

Numbers = Annotated[list[int], DBusSignature("ai")]
Names = Annotated[list[str], DBusSignature("as")]
AnyValue = Annotated[Variant, DBusSignature("v")]
LayoutAnswer = Annotated[tuple[int, Layout], DBusSignature("u(ia{sv}av)")]
Painted = Annotated[list[Any], DBusSignature("a(ia{sv})")]
Events = Annotated[list[Any], DBusSignature("a(isvu)")]
TwoLists = Annotated[tuple[list[int], list[int]], DBusSignature("aiai")]
RevisionAndParent = Annotated[list[int], DBusSignature("ui")]
Repainting = Annotated[list[Any], DBusSignature("a(ia{sv})a(ias)")]


class DBusMenu(ServiceInterface):
    """The tray's menu. Clicks are handed on in the loop, after the host has its answer."""

    def __init__(self, clicked: Callable[[Action], None]) -> None:
        super().__init__("com.canonical.dbusmenu")
        self._tree = MenuTree()
        self._clicked = clicked

    def show(self, menu: Iterable[Item]) -> None:
        """Show another menu; hosts hear only what changed, so an open menu stays open."""
        change = self._tree.show(menu)
        if change.reshaped:
            self.LayoutUpdated(self._tree.revision, 0)
        elif change.repainted:
            self.ItemsPropertiesUpdated(self._painted(change.repainted))

    # -- what hosts ask --------------------------------------------------------------------------

    @dbus_method()
    def GetLayout(self, parent: DBusInt32, depth: DBusInt32, _names: Names) -> LayoutAnswer:
        """The menu below a line."""
        try:
            return (self._tree.revision, self._tree.layout(parent, depth))
        except KeyError:
            raise _gone(parent) from None

    @dbus_method()
    def GetGroupProperties(self, numbers: Numbers, _names: Names) -> Painted:
        """How several lines look; none named: all."""
        return self._painted(numbers or self._tree.nodes)

    @dbus_method()
    def GetProperty(self, number: DBusInt32, name: DBusStr) -> AnyValue:
        """How one line looks in one respect."""
        try:
            return self._tree.nodes[number].properties[name]
        except KeyError:
            raise _gone(number) from None

    @dbus_method()
    def AboutToShow(self, _number: DBusInt32) -> DBusBool:
        """Whether the layout must be read again first: never, changes were announced."""
        return False

    @dbus_method()
    def AboutToShowGroup(self, numbers: Numbers) -> TwoLists:
        """The same for several; the second list names the lines that are gone."""
        return ([], [number for number in numbers if number not in self._tree.nodes])

    @dbus_method()
    def Event(self, number: DBusInt32, event: DBusStr, _data: AnyValue, _time: DBusUInt32) -> None:
        """Something happened to a line; only a click matters."""
        if number not in self._tree.nodes:
            raise _gone(number)
        self._happened(number, event)

    @dbus_method()
    def EventGroup(self, events: Events) -> Numbers:
        """The same for several; answers with the lines that are gone."""
        gone = []
        for number, event, _data, _time in events:
            if number in self._tree.nodes:
                self._happened(number, event)
            else:
                gone.append(number)
        return gone

    # -- what hosts hear -------------------------------------------------------------------------

    @dbus_signal()
    def LayoutUpdated(self, revision: int, parent: int) -> RevisionAndParent:
        """Read the menu again."""
        return [revision, parent]

    @dbus_signal()
    def ItemsPropertiesUpdated(self, painted: list[Any]) -> Repainting:
        """These lines look different now."""
        return [painted, []]

    # -- what never changes ----------------------------------------------------------------------

    @dbus_property(access=PropertyAccess.READ)
    def Version(self) -> DBusUInt32:
        """Of the protocol."""
        return 3

    @dbus_property(access=PropertyAccess.READ)
    def Status(self) -> DBusStr:
        """Nothing in the menu is urgent."""
        return "normal"

    @dbus_property(access=PropertyAccess.READ)
    def TextDirection(self) -> DBusStr:
        """Of our labels."""
        return "ltr"

    @dbus_property(access=PropertyAccess.READ)
    def IconThemePath(self) -> Names:
        """No icons in the menu."""
        return []

    def _painted(self, numbers: Iterable[int]) -> list[Any]:
        nodes = self._tree.nodes
        return [[n, nodes[n].properties] for n in numbers if n in nodes]

    def _happened(self, number: int, event: str) -> None:
        item = self._tree.nodes[number].item
        if event == "clicked" and item is not None and item.enabled and item.action is not None:
            asyncio.get_running_loop().call_soon(self._clicked, item.action)


def _gone(number: int) -> DBusError:
    return DBusError(ErrorType.INVALID_ARGS, f"there is no menu item {number}")
