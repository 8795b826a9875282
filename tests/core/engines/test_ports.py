"""Which port an engine gets."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.engines.ports import first_free, is_free
from core.errors import Unavailable
from tests.harness.ports import free_port

ROOT = Path(__file__).parents[3]


def test_the_configured_port_comes_first() -> None:
    """The first engine is where the settings say."""
    assert first_free(8000, set(), free=lambda _port: True) == 8000


def test_ports_of_our_engines_are_passed_over_though_nobody_listens_yet() -> None:
    """A loading engine binds its port late."""
    assert first_free(8000, {8000, 8001}, free=lambda _port: True) == 8002


def test_ports_of_others_are_passed_over() -> None:
    """Whoever listens there is not disturbed."""
    assert first_free(8000, set(), free=lambda port: port >= 8003) == 8003


def test_no_port_left_is_said() -> None:
    """With what to do about it."""
    with pytest.raises(Unavailable) as refused:
        first_free(65000, set(), free=lambda _port: False)
    assert refused.value.code == "no-free-port"


def test_a_listening_port_is_not_free() -> None:
    """Asked of the real system."""
    port = free_port()
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
    assert is_free(port)


def test_a_port_taken_on_all_addresses_is_not_free() -> None:
    """Somebody who listens on 0.0.0.0 has ours, too."""
    with socket.create_server(("0.0.0.0", 0)) as other:
        assert not is_free(other.getsockname()[1])


def test_a_tests_port_is_none_that_a_connection_is_given_nor_another_runs() -> None:
    """Else a test would fail now and then because of what another one does."""
    port = free_port()
    assert port < 32_768
    other = "from tests.harness.ports import _PORTS, free_port\n"
    other += "print(*(free_port() for _ in range(len(_PORTS) * 3 // 4)))"
    told = subprocess.run([sys.executable, "-c", other], capture_output=True, check=True, cwd=ROOT)
    assert port not in map(int, told.stdout.split())
