"""Which port an engine gets."""

import socket

import pytest

from core.engines.ports import first_free, is_free
from core.errors import Unavailable
from tests.harness.ports import free_port


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
