"""Reading a log file while somebody writes it."""

import asyncio
from pathlib import Path

from core.engines.logs import Reader, Skipped, follow, tail


def test_the_tail_is_the_last_lines_in_order(tmp_path: Path) -> None:
    """Also when the file is much larger than one block."""
    path = tmp_path / "log"
    path.write_text("".join(f"line {n} {'x' * 100}\n" for n in range(5000)), encoding="utf-8")
    lines = tail(path, 3)
    assert [line.split()[1] for line in lines] == ["4997", "4998", "4999"]


def test_a_missing_log_is_empty(tmp_path: Path) -> None:
    """Nothing was printed yet."""
    assert tail(tmp_path / "none", 5) == []
    assert Reader(tmp_path / "none").new_lines() == []


def test_a_progress_bar_is_many_lines(tmp_path: Path) -> None:
    """Carriage returns end lines; blank ones are dropped."""
    path = tmp_path / "log"
    path.write_bytes(b"a\r 50%\r\n\n\xff end\n")
    assert tail(path, 9) == ["a", " 50%", "\ufffd end"]


def test_lines_are_masked(tmp_path: Path) -> None:
    """Whoever reads a log for others gives the mask."""
    path = tmp_path / "log"
    path.write_text("key sk-123\n", encoding="utf-8")
    assert tail(path, 1, mask=lambda text: text.replace("sk-123", "•••")) == ["key •••"]


def test_a_reader_gives_each_line_once_and_whole(tmp_path: Path) -> None:
    """A line that is still being written waits for its end."""
    path = tmp_path / "log"
    reader = Reader(path)
    path.write_bytes(b"one\ntw")
    assert reader.new_lines() == ["one"]
    with path.open("ab") as file:
        file.write(b"o\nthree\n")
    assert reader.new_lines() == ["two", "three"]
    assert reader.new_lines() == []


def test_a_truncated_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    """Somebody may rotate or empty it."""
    path = tmp_path / "log"
    path.write_bytes(b"a long first line\n")
    reader = Reader(path)
    reader.new_lines()
    path.write_bytes(b"new\n")
    assert reader.new_lines() == ["new"]


async def test_following_gives_the_history_and_then_what_is_new(tmp_path: Path) -> None:
    """Without a gap or a repeat, also when a line was half written in between."""
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nthr")
    lines = follow(path, history=1, look_s=0.0)
    assert await anext(lines) == "two"
    with path.open("ab") as file:
        file.write(b"ee\n")
    assert await anext(lines) == "three"
    await lines.aclose()  # type: ignore[attr-defined] # it is an async generator


async def test_without_history_only_what_is_new_comes(tmp_path: Path) -> None:
    """Who has seen the log already asks for no line twice (C79)."""
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    lines = follow(path, history=0, look_s=0.0)
    coming = asyncio.ensure_future(anext(lines))
    await asyncio.sleep(0)
    await asyncio.to_thread(_append, path, b"new\n")
    assert await coming == "new"
    await lines.aclose()  # type: ignore[attr-defined] # it is an async generator


async def test_what_is_written_before_anybody_asks_for_a_line_is_new(tmp_path: Path) -> None:
    """Who hears that it is being followed can count on the next line (C79)."""
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    lines = follow(path, history=0, look_s=0.0)
    _append(path, b"new\n")
    async with asyncio.timeout(60):
        assert await anext(lines) == "new"
    await lines.aclose()  # type: ignore[attr-defined] # it is an async generator


async def test_a_slow_follower_skips_and_is_told_how_much(tmp_path: Path) -> None:
    """It goes on with whole lines near the end; nobody waits for it (C79)."""
    path = tmp_path / "log"
    path.write_bytes(b"seen\n")
    lines = follow(path, history=1, look_s=0.0, most_behind=100)
    assert await anext(lines) == "seen"
    written = [f"line {n:04d}\n".encode() for n in range(1000)]
    _append(path, b"".join(written))
    skipped = await anext(lines)
    assert isinstance(skipped, Skipped)
    first = await anext(lines)
    assert skipped.bytes == 10 * int(str(first).split()[1])
    assert 900 < int(str(first).split()[1]) < 1000
    await lines.aclose()  # type: ignore[attr-defined] # it is an async generator


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
