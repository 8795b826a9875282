"""The small pure parts: names, hashes, lines, logs, schemas, waits."""

import asyncio
import contextlib
import json
import random
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from core.mcp import checking, failing, identity, pace
from core.mcp.lines import Lines, TooLong
from core.mcp.naming import offered_name
from core.mcp.server import McpServer, filled
from core.mcp.server_log import A_SECOND, KEPT, ServerLog
from core.mcp.shrinking import LEFT_OUT, MOST_TEXT, shrunk

ROOT = Path(__file__).parents[3]
FILES = McpServer(name="files", transport="stdio", command="npx", args=("-y", "x"))


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_800_000_000_000_000

    def now(self) -> int:
        """Microseconds."""
        return self.at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at / 1e6


# the start


def test_the_studio_starts_without_the_sdk() -> None:
    """It takes a second to import, and most have no server."""
    code = "import sys, core.bootstrap; sys.exit('mcp' in sys.modules or 'httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# names


def test_no_server_can_take_the_name_of_anothers_tool() -> None:
    """A hash can be worked out by anybody, so a name that ends like one gets one of its own."""
    taken = offered_name("a__x", "t")
    assert offered_name("a", taken.removeprefix("a__")) != taken


@pytest.mark.parametrize(
    ("server", "tool"),
    [("a", "b"), ("a__b", "c"), ("a", "b__c"), ("a_", "_b"), ("s", "x" * 100), ("s", "größe/2")],
)
def test_a_name_is_one_that_models_allow(server: str, tool: str) -> None:
    """Letters, digits, - and _, at most 64; the same each time."""
    name = offered_name(server, tool)
    assert len(name) <= 64
    assert all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in name)
    assert name == offered_name(server, tool)


def test_no_two_tools_share_a_name() -> None:
    """Not even those that were made to be taken for each other."""
    pairs = [
        ("a", "b__c"),
        ("a__b", "c"),
        ("a_", "b"),
        ("a", "_b"),
        ("s", "x" * 80 + "1"),
        ("s", "x" * 80 + "2"),
        ("s", "a b"),
        ("s", "a_b"),
        ("s", "a.b"),
    ]
    assert len({offered_name(*pair) for pair in pairs}) == len(pairs)


# what approvals are bound to


@pytest.mark.parametrize(
    "change",
    [
        {"command": "uvx"},
        {"args": ("-y", "y")},
        {"args": ("-y x",)},
        {"cwd": "/tmp"},
        {"env": {"A": "mcp.files.A"}},
        {"transport": "http", "url": "https://h/mcp"},
    ],
)
def test_another_server_has_another_fingerprint(change: dict[str, Any]) -> None:
    """Whatever it is started with."""
    other = McpServer(**{"name": "files", "transport": "stdio", "command": "npx", **change})
    assert identity.fingerprint(other) != identity.fingerprint(FILES)


def test_a_time_out_is_no_part_of_the_fingerprint() -> None:
    """It says nothing of what is done."""
    other = McpServer(
        name="files", transport="stdio", command="npx", args=("-y", "x"), timeout_s=5.0
    )
    assert identity.fingerprint(other) == identity.fingerprint(FILES)


def test_hashes_tell_arguments_apart_and_can_not_be_guessed_without_the_key() -> None:
    """The order of keys means nothing, everything else does."""
    one = identity.arguments_hash("k", {"a": 1, "b": "x"})
    assert one == identity.arguments_hash("k", {"b": "x", "a": 1})
    others: list[dict[str, Any]] = [
        {"a": "1", "b": "x"},
        {"a": 1, "b": "x "},
        {"a": 1},
        {"a": True, "b": "x"},
    ]
    assert one not in {identity.arguments_hash("k", other) for other in others}
    assert one != identity.arguments_hash("other", {"a": 1, "b": "x"})
    identity.arguments_hash("k", {"lone": "\ud800"})


def test_places_are_filled_and_unknown_ones_stay() -> None:
    """A value is not looked at again."""
    assert filled("${A}-${B}-${C}", {"A": "${B}", "B": "2"}) == "${B}-2-${C}"


# lines


def test_lines_are_whole_however_they_are_cut() -> None:
    """Any cut of any bytes."""
    chance = random.Random(7)
    text = b"".join(bytes(chance.choices(b"ab\n", k=chance.randint(0, 9))) for _ in range(200))
    for _ in range(50):
        lines, rest = Lines(1000), text
        found: list[bytes] = []
        while rest:
            size = chance.randint(1, 20)
            found += [line for line in lines.feed(rest[:size]) if isinstance(line, bytes)]
            rest = rest[size:]
        assert b"\n".join([*found, lines.rest()]) == text


def test_a_line_without_an_end_takes_no_more_room_than_it_may() -> None:
    """Its ends and its length are told, and the next line is whole."""
    lines = Lines(10_000)
    found = list(lines.feed(b'{"id": 7'))
    for _ in range(1000):
        found += list(lines.feed(b"x" * 1000))
        assert len(lines.rest()) <= 11_000
    found += list(lines.feed(b'"end"}\nnext\n'))
    long, following = found
    assert isinstance(long, TooLong)
    assert long.size == 8 + 1_000_000 + 6
    assert long.head.startswith(b'{"id": 7')
    assert long.tail.endswith(b'"end"}')
    assert following == b"next"


# what is too large


def test_a_large_text_is_cut_and_the_bytes_are_counted() -> None:
    """Also of signs that take more than one."""
    line = {"id": 1, "result": {"content": [{"type": "text", "text": "ä" * (MOST_TEXT + 10)}]}}
    result = json.loads(shrunk(json.dumps(line).encode()))["result"]
    assert result["content"][0]["text"] == "ä" * MOST_TEXT
    assert result["_meta"][LEFT_OUT] == 20


def test_what_is_small_in_it_stays() -> None:
    """Neighbours, errors and requests are left alone."""
    picture = {"type": "image", "mimeType": "image/png", "data": "A" * 20_000_000}
    small = {"type": "text", "text": "hello"}
    line = {"id": 1, "result": {"content": [picture, small], "_meta": {"x": 1}}}
    result = json.loads(shrunk(json.dumps(line).encode()))["result"]
    assert "15,000,000 bytes" in result["content"][0]["text"]
    assert result["content"][1] == small
    assert result["_meta"] == {"x": 1, LEFT_OUT: 15_000_000}
    error = {"id": 1, "error": {"code": 1, "message": "x"}}
    assert json.loads(shrunk(json.dumps(error).encode())) == error


@pytest.mark.parametrize("line", [b"{", b"[" * 100_000, b"\xff\xfe", b'"\\ud800"'])
def test_what_is_no_message_is_no_message(line: bytes) -> None:
    """ValueError, or itself; never another failure."""
    with contextlib.suppress(ValueError):
        assert isinstance(shrunk(line), bytes)


# logs


def test_a_log_is_bounded_masked_and_counts() -> None:
    """A secret is in no line of it."""
    log = ServerLog(clock=Clock(), mask=lambda text: text.replace("secret", "•••"))
    log.add("stderr", "first\nthe secret\n\n")
    assert [line.text for line in log.since(0)] == ["first", "the •••"]
    first, second = log.since(0)
    assert second.number == first.number + 1
    assert log.since(first.number) == (second,)


@pytest.mark.parametrize("before", [990, 1990, 2500])
def test_no_cut_leaves_half_a_secret(before: int) -> None:
    """Also where the line has no space at which it could be cut."""
    secret = "sekrit-0123456789-abcdef"
    log = ServerLog(clock=Clock(), mask=lambda text: text.replace(secret, "•••"))
    log.add("stderr", "x" * before + secret + "y" * 3000)
    (line,) = log.since(0)
    assert "sekrit" not in line.text
    assert len(line.text) <= 2002


def test_a_flood_is_told_and_not_kept() -> None:
    """How many lines that were."""
    clock = Clock()
    log = ServerLog(clock=clock, mask=str)
    for number in range(10_000):
        log.add("stderr", f"line {number}")
    assert len(log.since(0)) == A_SECOND
    clock.at += 1_000_000
    log.add("stderr", "calm")
    assert [line.text for line in log.since(log.since(0)[A_SECOND - 1].number)] == [
        f"{10_000 - A_SECOND} more lines came too fast to be kept",
        "calm",
    ]


async def test_who_follows_a_log_is_told_each_line_once() -> None:
    """What is there, then what comes, over any number of beginnings; it ends with the server."""
    log = ServerLog(clock=Clock(), mask=str)
    told: list[str] = []

    async def read(after: int, most: int) -> int:
        async with aclosing(log.follow(after)) as following:
            async for lines in following:
                told.extend(line.text for line in lines)
                after = lines[-1].number
                if len(told) >= most:
                    break
        return after

    log.add("stderr", "1\n2")
    seen = await read(0, 2)
    log.add("stderr", "3")  # while nobody listens
    reading = asyncio.create_task(read(seen, 99))
    await asyncio.sleep(0)
    log.add("stderr", "4\n5")
    await asyncio.sleep(0)
    log.add("stderr", "6")
    log.end()
    await reading
    assert told == list("123456")


def test_a_reader_that_comes_too_late_is_told_how_much_is_gone() -> None:
    """And one of an earlier run gets all that this one has written."""
    clock = Clock()
    earlier = ServerLog(clock=clock, mask=str)
    earlier.add("stderr", "before")
    clock.at += 1_000_000
    log = ServerLog(clock=clock, mask=str)
    log.add("stderr", "first")
    (first,) = log.since(0)
    for number in range(KEPT + 10):
        clock.at += 10_000
        log.add("stderr", f"line {number}")
    gap, *rest = log.since(first.number)
    assert gap.text == "10 lines before this were not read in time, and are not kept"
    assert (gap.number, len(rest)) == (rest[0].number - 1, KEPT)
    assert log.since(gap.number) == tuple(rest)
    assert len(log.since(0)) == KEPT, "who begins has missed nothing"
    assert log.since(earlier.since(0)[0].number) == log.since(0)
    assert log.since(rest[-1].number + 5) == log.since(0), "the clock was put back"


# schemas

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["path"],
}
BOMB = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 10} for n in range(30)}


def test_a_model_is_told_what_is_wrong_with_its_arguments() -> None:
    """By name and place."""
    assert checking.complaints(SCHEMA, {"path": "x", "lines": [1]}) == ()
    (missing,) = checking.complaints(SCHEMA, {})
    assert "'path' is a required property" in missing
    (odd,) = checking.complaints(SCHEMA, {"path": "x", "lines": [1, "two"]})
    assert odd.startswith("lines.1: ")


def test_many_complaints_are_a_few_words() -> None:
    """A model's room is small."""
    told = checking.complaints(SCHEMA, {"path": "x", "lines": ["n"] * 50})
    assert len(told) == 6
    assert told[-1] == "and 45 more"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"$ref": "#"},
        {"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"$defs": {**BOMB, "d30": {}}, "$ref": "#/$defs/d0"},
    ],
)
def test_a_hostile_schema_holds_nothing_up(schema: dict[str, Any]) -> None:
    """Nothing is fetched, no expression runs, nothing is raised."""
    assert checking.complaints(schema, {"a": "a" * 40 + "!"}) == ()


# waits


def test_the_line_that_tells_why_a_program_ended_is_told() -> None:
    """And not what npm says after it; that is told where there is nothing else."""
    noise = ("npm notice New major version of npm available!", "npm notice", "")
    told = failing.ended(1, ("Error: none of the folders is there", *noise), ready=False)
    assert told.message.endswith("(status 1): Error: none of the folders is there")
    assert failing.ended(1, noise, ready=False).message.endswith("npm notice")
    assert failing.ended(1, (), ready=True).message == "its program ended (status 1)"


def test_a_server_is_tried_less_often_each_time_and_then_no_more() -> None:
    """What can only fail again is not tried at all."""
    waits = [pace.wait_s(failures, "ended") for failures in range(1, 8)]
    assert waits == [1.0, 2.0, 5.0, 15.0, 60.0, None, None]
    assert pace.wait_s(1, "no-program") is None
