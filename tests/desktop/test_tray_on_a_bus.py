"""Real clicks on the real tray, over a real D-Bus session bus."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dbus_fast import Variant
from dbus_fast.aio import MessageBus

from desktop.surroundings import has_tray_host
from desktop.tray_icon import argb, icon
from tests.desktop.panel import Panel, TrayProgram, owned, panel_on, session_bus, tray_on

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="there is no D-Bus here"),
]


@pytest.fixture
def bus(home: Path) -> Iterator[str]:
    """A session bus of the test's own."""
    with session_bus(home) as address:
        yield address


@pytest.fixture
async def panel(bus: str) -> AsyncIterator[Panel]:
    """A panel that hosts icons."""
    async with panel_on(bus) as panel:
        yield panel


@pytest.fixture
async def tray(bus: str, panel: Panel, home: Path) -> AsyncIterator[TrayProgram]:
    """The tray, registered with the panel."""
    async with tray_on(bus, home) as program:
        await panel.registered()
        await settled(panel)
        yield program


async def settled(panel: Panel) -> None:
    """Until the first picture is in the menu."""
    while "llama" not in await panel.menu():
        await panel.changed()


async def test_a_click_on_a_model_asks_for_the_switch(tray: TrayProgram, panel: Panel) -> None:
    """The command reaches the studio, and says that the tray asked."""
    await panel.click("llama")
    asked = await tray.said()
    assert (asked["asked"], asked["target"], asked["actor"]) == ("RequestSwitch", "llama", "tray")


async def test_menu_icon_and_title_follow_the_switch(tray: TrayProgram, panel: Panel) -> None:
    """Loading with its percent, then ready with the mark, and a notification."""
    assert (await panel.menu())["qwen_32b (ready)"][1]["toggle-state"] == 1
    await panel.click("llama")
    await tray.said()
    while "llama (loading 40 %)" not in (menu := await panel.menu()):
        await panel.changed()
    assert menu["llama (loading 40 %)"][1]["toggle-state"] == 1
    assert menu["llama (loading 40 %)"][1]["toggle-type"] == "radio"
    assert await panel.property("Title") == "vLLM Studio: Loading llama 40 %"
    assert bytes((await panel.property("IconPixmap"))[0][2]) == argb(icon("busy", 22))
    await tray.do("finish")
    assert await panel.told() == ("llama is ready", "It answers now.")
    assert bytes((await panel.property("IconPixmap"))[0][2]) == argb(icon("ready", 22))


async def test_a_line_keeps_its_number_on_the_bus(tray: TrayProgram, panel: Panel) -> None:
    """A menu that was read before the switch still works after it."""
    before = (await panel.menu())["llama"][0]
    await panel.click("llama")
    await tray.said()
    await tray.do("finish")
    await panel.told()
    assert (await panel.menu())["llama (ready)"][0] == before


async def test_a_click_on_a_line_that_is_gone_does_nothing(tray: TrayProgram, panel: Panel) -> None:
    """An error of the protocol, and no command."""
    gone, _ = (await panel.menu())["Evict qwen_32b"]
    await panel.click("Evict qwen_32b")
    assert (await tray.said())["asked"] == "RequestEvict"
    while "Evict qwen_32b" in await panel.menu():
        await panel.changed()
    with pytest.raises(RuntimeError):
        await panel.call_menu("GetProperty", "is", gone, "label")
    events = [[gone, "clicked", _zero(), 0]]
    assert await panel.call_menu("EventGroup", "a(isvu)", events) == [gone]
    await panel.activate()
    assert await tray.said() == {"opened": ""}


async def test_several_clicks_in_one_call(tray: TrayProgram, panel: Panel) -> None:
    """KDE sends events in groups."""
    menu = await panel.menu()
    events = [
        [menu["llama"][0], "hovered", _zero(), 0],
        [menu["Open logs"][0], "clicked", _zero(), 0],
    ]
    assert await panel.call_menu("EventGroup", "a(isvu)", events) == []
    assert await tray.said() == {"opened": "logs"}


async def test_a_host_may_ask_before_it_shows(tray: TrayProgram, panel: Panel) -> None:
    """AboutToShow, GetGroupProperties: what GNOME and KDE call before every opening."""
    assert await panel.call_menu("AboutToShow", "i", 0) is False
    number, properties = (await panel.menu())["llama"]
    assert await panel.call_menu("GetGroupProperties", "aias", [number], []) == [
        [number, properties]
    ]
    assert await panel.call_menu("AboutToShowGroup", "ai", [number, 999]) == [[], [999]]


async def test_a_disabled_line_can_not_be_clicked(tray: TrayProgram, panel: Panel) -> None:
    """The headline is for reading."""
    menu = await panel.menu()
    assert menu["qwen_32b is ready"][1]["enabled"] is False
    await panel.click("qwen_32b is ready")
    await panel.activate()
    assert await tray.said() == {"opened": ""}


async def test_a_refusal_is_told(tray: TrayProgram, panel: Panel) -> None:
    """With the studio's own sentence."""
    await panel.click("refused")
    await tray.said()
    assert await panel.told() == ("That did not work", "there is no room")


async def test_the_menu_speaks_the_language_of_the_window(tray: TrayProgram, panel: Panel) -> None:
    """It changes at once when another is chosen, with the tooltip; the lines keep their numbers."""
    number = (await panel.menu())["Open logs"][0]
    await tray.do("language de")
    while "Protokolle öffnen" not in (menu := await panel.menu()):
        await panel.changed()
    assert menu["Protokolle öffnen"][0] == number
    assert {"qwen_32b (bereit)", "qwen_32b entladen", "Beim Anmelden starten"} <= menu.keys()
    assert menu["vLLM Studio öffnen"][1]["label"] == "vLLM Studio ö_ffnen"
    assert await panel.property("Title") == "vLLM Studio: qwen_32b ist bereit"
    await tray.do("language zh")
    while "qwen_32b（就绪）" not in await panel.menu():
        await panel.changed()
    await tray.do("language auto")
    while "qwen_32b (ready)" not in await panel.menu():
        await panel.changed()


async def test_what_is_told_is_in_the_language_too(tray: TrayProgram, panel: Panel) -> None:
    """With the server's own cause in the window's words, and nothing of it lost as markup."""
    await tray.do("language de")
    await tray.do("fail")
    assert await panel.told() == (
        "qwen_32b ist abgestürzt",
        "Port 8000 wird von einem anderen Programm benutzt"
        " → Stop &lt;that&gt; program &amp; try again.",
    )


async def test_who_chose_nothing_is_spoken_to_as_by_the_system(
    bus: str, panel: Panel, home: Path
) -> None:
    """The locale of the login decides."""
    async with tray_on(bus, home, locale="de_AT.UTF-8"):
        await panel.registered()
        while "Beenden" not in await panel.menu():
            await panel.changed()


async def test_start_at_login_is_a_check_mark(tray: TrayProgram, panel: Panel, home: Path) -> None:
    """Clicked: the entry is written and the mark stands; again: both are gone."""
    await panel.click("Start at login")
    while (await panel.menu())["Start at login"][1]["toggle-state"] == 0:
        await panel.changed()
    entry = home / "autostart" / "vllm-studio.desktop"
    assert entry.exists()
    await panel.click("Start at login")
    while (await panel.menu())["Start at login"][1]["toggle-state"] == 1:
        await panel.changed()
    assert not entry.exists()


async def test_the_icon_comes_back_with_the_panel(tray: TrayProgram, panel: Panel) -> None:
    """A panel that crashed and was started again gets the icon without being asked."""
    await panel.disappear()
    await panel.come_back()
    assert (await panel.registered()).startswith("org.kde.StatusNotifierItem-")
    assert await panel.property("Id") == "vllm-studio"


async def test_quit_ends_the_tray(tray: TrayProgram, panel: Panel) -> None:
    """With what was wished for the engines; the process ends by itself."""
    await panel.click("Quit, leave engines running")
    assert await tray.said() == {"quit": True, "leave_engines": True}
    assert await tray.said() == {"ended": True}
    assert await tray.ended() == 0


async def test_no_notification_daemon_is_no_reason_to_end(bus: str, home: Path) -> None:
    """What was to be told is lost; the tray goes on."""
    async with panel_on(bus, notifications=False) as panel, tray_on(bus, home) as tray:
        await panel.registered()
        await settled(panel)
        await panel.click("refused")
        assert (await tray.said())["target"] == "refused"
        await panel.click("Open logs")
        assert await tray.said() == {"opened": "logs"}


async def test_the_icon_waits_for_a_panel_that_is_late(bus: str, home: Path) -> None:
    """At login the app may be up before the panel."""
    async with tray_on(bus, home) as tray:
        looking = await MessageBus(bus_address=bus).connect()
        await owned(looking, "org.kde.StatusNotifierItem-")
        looking.disconnect()
        async with panel_on(bus) as panel:
            await panel.registered()
            await settled(panel)
            await panel.click("Quit")
            assert (await tray.said())["quit"] is True
            assert await tray.said() == {"ended": True}


async def test_a_panel_is_found_and_missed(bus: str) -> None:
    """What the app asks before it promises an icon."""
    environ = {"DBUS_SESSION_BUS_ADDRESS": bus}
    assert await asyncio.to_thread(has_tray_host, environ) is False
    async with panel_on(bus):
        assert await asyncio.to_thread(has_tray_host, environ) is True


def _zero() -> Variant:
    return Variant("i", 0)
