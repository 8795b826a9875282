"""As many files and sockets as the system lets us have."""

import subprocess
import sys

import pytest

from core.open_files import MOST_CONNECTIONS, WANTED, most_connections

resource = pytest.importorskip("resource")  # Windows has no such limits

RAISED = """
import resource
from core.open_files import most_connections, raise_limit
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
before = most_connections()
raise_limit()
print(before, *resource.getrlimit(resource.RLIMIT_NOFILE), most_connections())
"""


def test_what_the_system_began_with_is_raised_as_far_as_it_goes() -> None:
    """macOS begins with 256, Linux with 1024; no limit is ever lowered."""
    ran = subprocess.run(
        [sys.executable, "-c", RAISED], capture_output=True, text=True, timeout=60, check=True
    )
    before, soft, hard, after = map(int, ran.stdout.split())
    assert before == 64  # of the few there are, a quarter
    assert soft == (WANTED if hard in (-1, resource.RLIM_INFINITY) else min(WANTED, hard))
    assert after == min(MOST_CONNECTIONS, soft // 4)


def test_clients_never_take_more_than_a_quarter() -> None:
    """Engines, the log and what we fetch need theirs."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < most_connections() <= MOST_CONNECTIONS
    assert soft == resource.RLIM_INFINITY or most_connections() <= soft // 4
