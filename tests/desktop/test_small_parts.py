"""Links, downloads, autostart, borrowed bindings, progress, server-sent events, the icon."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from desktop.autostart import is_on, quoted, turn_off, turn_on
from desktop.gtk_bindings import SystemBindings, fits, make_gi_importable
from desktop.sse import server_events
from desktop.surroundings import has_display, has_tray_host
from desktop.tray_icon import argb, icon, logo
from desktop.window import window_environment
from desktop.window_links import download_target, is_external, open_outside

HOME = "http://127.0.0.1:8080/"


@pytest.mark.parametrize(
    ("url", "external"),
    [
        ("http://127.0.0.1:8080/logs", False),
        ("http://127.0.0.1:8080/#owner=x", False),
        ("http://127.0.0.1:9090/", True),
        ("https://127.0.0.1:8080/", True),
        ("https://huggingface.co/Qwen", True),
        ("mailto:someone@example.org", True),
        ("blob:http://127.0.0.1:8080/1", False),
        ("about:blank", False),
    ],
)
def test_only_the_app_itself_stays_in_the_window(url: str, external: bool) -> None:
    """Another port, another scheme or another host is another place."""
    assert is_external(url, HOME) is external


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "vscode://x"])
def test_nothing_but_web_and_mail_is_handed_to_the_system(url: str) -> None:
    """A page can not make the desktop open a file or a program."""
    assert not open_outside(url)


def test_a_download_never_leaves_its_folder(tmp_path: Path) -> None:
    """The page suggests a name; a path in it is ignored, and nothing is overwritten."""
    assert download_target("../../.bashrc", tmp_path) == tmp_path / ".bashrc"
    assert download_target("..\\up.txt", tmp_path) == tmp_path / "up.txt"
    (tmp_path / "a.csv").touch()
    assert download_target("a.csv", tmp_path) == tmp_path / "a (1).csv"
    assert download_target("", tmp_path) == tmp_path / "download"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="an XDG autostart entry")
def test_autostart_is_on_until_it_is_off(tmp_path: Path) -> None:
    """Both may be repeated."""
    file = tmp_path / "config" / "autostart" / "vllm-studio.desktop"
    assert not is_on(file)
    for _ in range(2):
        turn_on(["/opt/vllm studio/bin/python", "-m", "desktop"], file)
    assert is_on(file)
    assert 'Exec="/opt/vllm studio/bin/python" -m desktop\n' in file.read_text()
    for _ in range(2):
        turn_off(file)
    assert not is_on(file)


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/usr/bin/vllm-studio", "/usr/bin/vllm-studio"),
        ("a b", '"a b"'),
        ("50%", "50%%"),
        ('say "hi"', r'"say \\"hi\\""'),
        ("$HOME", r'"\\$HOME"'),
        ("back\\slash", '"back' + "\\" * 4 + 'slash"'),
        ("", '""'),
    ],
)
def test_a_desktop_entry_quotes_as_its_standard_says(word: str, written: str) -> None:
    """First for the argument, then for the file's string type."""
    assert quoted(word) == written


def test_bindings_for_another_python_are_left_alone(tmp_path: Path) -> None:
    """Only an extension module compiled for this interpreter fits."""
    (tmp_path / "gi").mkdir()
    (tmp_path / "gi" / "_gi.cpython-399-x86_64-linux-gnu.so").touch()
    assert not fits(tmp_path)
    (tmp_path / "gi" / f"_gi{EXTENSION_SUFFIXES[0]}").touch()
    assert fits(tmp_path)


def test_only_the_bindings_are_borrowed(tmp_path: Path) -> None:
    """The system's other packages never shadow ours."""
    for name in ("gi", "msgspec"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    finder = SystemBindings(tmp_path)
    assert finder.find_spec("gi") is not None
    assert finder.find_spec("msgspec") is None


def test_no_fitting_bindings_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is no GTK, and no exception."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert make_gi_importable([tmp_path]) is False


def test_server_events_are_read_as_browsers_do() -> None:
    """Comments pass, data lines join, the id stays, and a half event is not an event."""
    lines = [b": hi\n", b"id: 7\n", b"event: fact\n", b"data: a\n", b"data: b\n", b"\n"]
    lines += [b"data:c\r\n", b"\r\n", b"event: fact\n", b"data: cut"]
    told = [(e.event, e.data, e.id) for e in server_events(lines)]
    assert told == [("fact", "a\nb", "7"), ("message", "c", "7")]


def test_every_look_has_an_icon_of_its_own() -> None:
    """They differ in shape, not only in colour: also in grey."""
    looks = ("ready", "busy", "failed", "idle")
    grey = {look: icon(look, 32).split()[3].tobytes() for look in looks}
    assert len(set(grey.values())) == 4
    assert logo(256).size == (256, 256)


def test_pixels_go_out_in_network_order() -> None:
    """Alpha first."""
    image = icon("ready", 16)
    red, green, blue, alpha = image.tobytes()[-4 * 16 * 4 : -4 * 16 * 4 + 4]
    assert argb(image)[-4 * 16 * 4 : -4 * 16 * 4 + 4] == bytes((alpha, red, green, blue))


def test_without_a_bus_there_is_no_tray_host() -> None:
    """No exception, no wait."""
    assert has_tray_host({}) is False
    assert has_tray_host({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}) is False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks X11 and Wayland variables")
def test_a_display_is_x11_or_wayland() -> None:
    """Either will do."""
    assert has_display({"DISPLAY": ":0"})
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"})
    assert not has_display({})


def test_the_window_is_given_no_secret_of_others() -> None:
    """It needs the display and its language, not the database."""
    environ = {"DISPLAY": ":0", "DATABASE_URL": "postgres://…", "LITELLM_MASTER_KEY": "sk"}
    assert window_environment(environ) == {"DISPLAY": ":0"}
