"""Each way an installation fails has its own sentence and its own next action."""

import pytest

from core.runtimes.diagnosis import decisive, diagnose

NO_NETWORK = """\
Using Python 3.11.7 environment at: t/v2
error: Request failed after 3 retries in 10.6s
  cause: Failed to fetch: http://127.0.0.1:9/simple/torchx/
  cause: error sending request for url (http://127.0.0.1:9/simple/torchx/)
  cause: client error (Connect)
  cause: tcp connect error
  cause: Connection refused (os error 111)"""


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (NO_NETWORK, "no-network"),
        ("error: dns error: failed to lookup address information", "no-network"),
        ("error: failed to write: No space left on device (os error 28)", "disk-full"),
        ("error: Hash mismatch for `litellm==1.106.2`", "hash-mismatch"),
        ("error: No interpreter found for Python 3.12 in managed installations", "python-missing"),
        ("cause: invalid peer certificate: UnknownIssuer", "certificate"),
        ("× No solution found when resolving dependencies:", "not-for-this-machine"),
        ("error: failed to create directory: Permission denied (os error 13)", "not-writable"),
        ("error: the moon is in the wrong house", "unknown"),
    ],
)
def test_the_reason_is_named(said: str, code: str) -> None:
    """What uv said in its own words is told apart by what helps."""
    diagnosis = diagnose(said.splitlines())
    assert diagnosis.code == code
    assert diagnosis.next_action


def test_the_decisive_lines_begin_with_the_error() -> None:
    """The lines kept for the log are the error and its causes, not the greeting before it."""
    assert decisive(NO_NETWORK.splitlines())[0].startswith("error: Request failed")


def test_a_failure_without_an_error_line_keeps_the_end() -> None:
    """A traceback's last line is the one that matters."""
    lines = [f"line {number}" for number in range(40)]
    assert decisive(lines)[-1] == "line 39"
