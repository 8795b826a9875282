"""Whatever happens to the file, the studio starts, and there is a way on.

`AUDIT_DAMAGES=500` asks for more.
"""

import os
import random
from pathlib import Path

import pytest

from core.auditing.checkpointer import Checkpointer
from core.auditing.opening import open_log
from core.auditing.recovering import look, recover
from core.errors import Refused
from tests.core.auditing.conftest import Home
from tests.core.auditing.test_outside import grown

DAMAGES = int(os.environ.get("AUDIT_DAMAGES", "25"))
PAGE = 4096


def damaged(file: bytes, chance: random.Random) -> bytes:
    """Some bits flipped, a page of noise, a hole, a part that is missing."""
    spoiled = bytearray(file)
    match chance.randrange(4):
        case 0:
            for _ in range(chance.choice((1, 5, 50))):
                spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        case 1:
            at = chance.randrange(len(spoiled) // PAGE) * PAGE
            spoiled[at : at + PAGE] = chance.randbytes(PAGE)
        case 2:
            at = chance.randrange(len(spoiled) - PAGE)
            spoiled[at : at + 3 * PAGE] = bytes(len(spoiled[at : at + 3 * PAGE]))
        case _:
            del spoiled[chance.randrange(len(spoiled)) :]
    return bytes(spoiled)


async def test_any_damage_is_looked_at_and_gone_on_from(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """What is not noticed did not touch an event; what is noticed can be recovered."""
    await grown(studio_home, checkpointer, 300)
    path, chance = studio_home.paths.main_db, random.Random(DAMAGES)
    whole = path.read_bytes()
    recovered = 0
    for _ in range(DAMAGES):
        for file in path.parent.glob("main.db*"):
            file.unlink()
        path.write_bytes(damaged(whole, chance))
        before = path.read_bytes()
        log = open_log(studio_home.settings, studio_home.secrets, studio_home.clock)
        trouble = log.trouble
        log.store.read_all(limit=10)
        log.close()
        if trouble is None:
            assert_good(studio_home)
            continue
        assert path.read_bytes() == before
        assert trouble.code in ("log-damaged", "log-rolled-back")
        looked = look(studio_home.settings, studio_home.secrets)
        done = recover(looked, studio_home.settings, studio_home.clock)
        assert Path(done.aside[-1]).read_bytes() == before
        again = open_log(studio_home.settings, studio_home.secrets, studio_home.clock)
        assert again.trouble is None
        again.close()
        recovered += 1
    assert recovered > DAMAGES // 3


def assert_good(home: Home) -> None:
    """Every event is what was written."""
    with pytest.raises(Refused, match="is what was written"):
        look(home.settings, home.secrets)
