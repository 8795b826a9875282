"""What the server's sockets promise to whoever connects."""

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest

from core.errors import Refused
from core.http_server import bind, no_place
from core.settings import Settings


async def test_an_answer_does_not_wait_for_the_clients_acknowledgement(tmp_path: Path) -> None:
    """Nagle's algorithm is off on every connection; on, each answer takes 40 ms longer."""
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with bind(Settings(home=tmp_path, port=0)) as listening:
        async with await asyncio.start_server(connected, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            assert await accepted != 0
            writer.close()


def test_an_address_of_another_machine_is_a_sentence(tmp_path: Path) -> None:
    """Whatever keeps us from listening is said, with the variable that mends it."""
    with pytest.raises(Refused, match="no address that this machine") as refusal:
        bind(Settings(home=tmp_path, port=0, host="192.0.2.1", api_key="sk-some"))
    assert "VLLM_STUDIO_HOST" in refusal.value.next_action


@pytest.mark.parametrize(
    ("number", "code"), [(errno.EACCES, "port-forbidden"), (errno.EADDRINUSE, "port-taken")]
)
def test_a_port_that_can_not_be_had_is_a_sentence(number: int, code: str) -> None:
    """One that only the system may have is not looked for at another program."""
    refusal = no_place(OSError(number, os.strerror(number)), "127.0.0.1", 80)
    assert refusal.code == code
    assert "VLLM_STUDIO_PORT" in refusal.next_action
