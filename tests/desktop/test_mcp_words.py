"""What is told of MCP servers in a terminal."""

from typing import Any

from desktop.cli.mcp import in_words, log_in_words, taken_in_words

TIME: dict[str, Any] = {
    "name": "time",
    "state": "ready",
    "tools": 2,
    "command": "uvx",
    "args": ["mcp-server-time"],
    "url": "",
    "problem": "",
    "next_action": "",
}
FAR = {**TIME, "name": "far", "state": "failed", "command": "", "args": [], "url": "https://h/mcp"}
FAR |= {"problem": "it wants to know who asks (status 401)", "next_action": "Give the key."}


def test_servers_are_a_table_and_what_is_wrong_stands_below() -> None:
    """With what would help."""
    told = in_words([TIME, FAR]).splitlines()
    assert told[1].split() == ["time", "ready", "2", "uvx", "mcp-server-time"]
    assert told[2].split() == ["far", "failed", "2", "https://h/mcp"]
    assert told[3] == "far: it wants to know who asks (status 401). Give the key."


def test_no_server_is_told_with_the_next_step() -> None:
    """Not an empty table."""
    assert "mcp import FILE" in in_words([])


def test_an_import_that_was_only_looked_at_says_so() -> None:
    """Nobody should think that it was done."""
    taken = {**TIME, "outcome": "new", "message": ""}
    assert taken_in_words([taken], look=True).endswith("Nothing was saved.")
    assert "Nothing" not in taken_in_words([taken], look=False)


def test_a_log_says_where_each_line_came_from() -> None:
    """Garbage on stdout is not stderr."""
    assert log_in_words([{"source": "stdout", "text": "hello"}]) == "stdout   hello"
    assert log_in_words([]) == "It wrote nothing."
