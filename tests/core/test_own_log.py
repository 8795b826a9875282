"""The studio's own log: no secret, no word of what was asked; what helps stays."""

import asyncio
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Unavailable
from core.masking import Masking
from core.own_log import Discreet, kept, listen_to, places
from core.settings import Settings

ASKED = "what-somebody-asked-7f3a"
KEY = "sk-of-the-owner-alone"
ROOT = Path(__file__).parents[2]


def told(home: Path) -> str:
    """What was written down."""
    return (home / "logs" / "app.log").read_text(encoding="utf-8")


@pytest.fixture
def settings_of(tmp_path: Path) -> Settings:
    """With a home that is there, and a key."""
    made = Settings(home=tmp_path, api_key=KEY)
    made.paths.create()
    return made


def in_a_chain(error: Exception) -> Exception:
    """Raised while another was handled, inside a group."""
    try:
        try:
            raise ValueError(f"cause {ASKED}")
        except ValueError as cause:
            raise ExceptionGroup(f"group {ASKED}", [error]) from cause
    except ExceptionGroup as group:
        return group


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"invalid literal: {ASKED}"),
        KeyError(ASKED),
        UnicodeDecodeError("utf-8", ASKED.encode(), 0, 1, ASKED),
        in_a_chain(RuntimeError(ASKED)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unforeseen_exception_is_told_by_kind_and_place(
    error: Exception, settings_of: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its message may be what somebody asked; on standard error as in the file."""
    with kept(settings_of):
        try:
            raise error
        except Exception:
            logging.getLogger("core.somewhere").exception("request %s failed", "r-1")
    for text in (told(settings_of.home), capsys.readouterr().err):
        assert ASKED not in text
        assert "request r-1 failed" in text
        assert type(error).__name__ in text
        assert "in test_an_unforeseen_exception_is_told_by_kind_and_place" in text


def test_what_the_program_and_the_system_say_is_told(settings_of: Settings) -> None:
    """Without it nobody could help; secrets in it are masked all the same."""
    with kept(settings_of):
        for error in (Unavailable(f"it hangs: {KEY}"), OSError(28, "No space left on device")):
            logging.getLogger("core.x").error("no", exc_info=error)
        logging.getLogger("core.x").info("worth knowing")
        logging.getLogger("foreign").info("chatter")
    text = told(settings_of.home)
    assert "it hangs: •••" in text
    assert "No space left on device" in text
    assert "worth knowing" in text
    assert KEY not in text
    assert "chatter" not in text


def test_a_record_is_not_changed_for_others(settings_of: Settings) -> None:
    """Whoever formats it after us gets it whole."""
    record = logging.LogRecord("x", 40, "f", 1, "said %s", (KEY,), None)
    assert KEY not in Discreet(Masking([KEY]).mask).format(record)
    assert record.args == (KEY,)
    assert record.exc_text is None


async def test_what_nobody_waits_for_is_told_without_its_arguments(settings_of: Settings) -> None:
    """asyncio would show the callback with what it was called with."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    listen_to(loop)
    try:
        with kept(settings_of):

            def fails(_: str) -> None:
                raise ValueError(ASKED)

            loop.call_soon(fails, ASKED)
            loop.call_exception_handler({"message": f"Exception in callback x('{ASKED}')"})
            loop.call_exception_handler(
                {"message": "Task exception was never retrieved", "exception": KeyError(ASKED)}
            )
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task = loop.create_task(forgotten(ASKED))
            loop.call_exception_handler(
                {"message": "Task was destroyed but it is pending!", "task": task}
            )
            await task
    finally:
        loop.set_exception_handler(before)
    text = told(settings_of.home)
    assert text.count("Exception in callback") == 2
    assert "Task exception was never retrieved" in text
    assert "in fails" in text
    assert "Task was destroyed but it is pending! (forgotten)" in text
    assert ASKED not in text


async def forgotten(_: str) -> None:
    """A task that nobody holds."""


DIES = """
import sys, threading
from pathlib import Path
from core.own_log import kept
from core.settings import Settings
settings = Settings(home=Path(sys.argv[1]))
settings.paths.create()
asked = sys.argv[2]
def raises(): raise ValueError(asked)
class Unraisable:
    def __del__(self): raise ValueError(asked)
with kept(settings):
    thread = threading.Thread(target=raises)
    thread.start()
    thread.join()
    it = Unraisable()
    del it
    raises()
"""


def test_the_last_words_of_the_process_hold_nothing(tmp_path: Path) -> None:
    """A thread, a destructor and the main thread end with it in their mouths."""
    died = subprocess.run(
        [sys.executable, "-c", DIES, str(tmp_path), ASKED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert died.returncode == 1
    for text in (died.stdout + died.stderr, told(tmp_path)):
        assert ASKED not in text
    for words in ("a thread ended", "raised to nobody", "a mistake of its own", "in raises"):
        assert words in died.stderr


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")
def test_the_file_is_for_the_owner_alone_and_makes_room(
    settings_of: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the umask; a full one moves aside."""
    monkeypatch.setattr("core.own_log.LARGEST", 2000)
    before = os.umask(0)
    try:
        with kept(settings_of):
            for number in range(100):
                logging.getLogger("core.x").warning("line %d", number)
    finally:
        os.umask(before)
    files = sorted(settings_of.paths.logs.glob("app.log*"))
    assert [path.name for path in files] == ["app.log", "app.log.1"]
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_size <= 2000
    assert "line 99" in told(settings_of.home)


def test_everything_is_as_before_afterwards(settings_of: Settings) -> None:
    """Hooks, handlers and levels."""
    state: Callable[[], object] = lambda: (  # noqa: E731
        sys.excepthook,
        sys.unraisablehook,
        logging.getLogger().handlers[:],
        logging.getLogger("core").level,
    )
    before = state()
    with kept(settings_of):
        assert state() != before
    assert state() == before


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_no_message_is_in_the_places(message: str) -> None:
    """Whatever it says; what is told does not depend on it."""
    assert list(places(ValueError(message))) == list(places(ValueError("")))
