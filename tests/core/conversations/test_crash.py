"""The process ends in the midst of an erasure: the next start finishes it, and nobody reads on."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from core.conversations import Conversations, NewMessage
from core.erasure import SubjectKeys
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore

ROOT = Path(__file__).parents[3]
WORDS = "what nobody is to read"

DIES = """
import asyncio, os, sys
from pathlib import Path
from core.conversations import Conversations, conversations as module
from core.erasure import SubjectKeys, subject_keys
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore
home, which, where = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def dies(*args, **kwargs):
    os._exit(9)
if where == "before the key is destroyed":
    SubjectKeys.destroy = dies
elif where == "before the journal is wiped":
    wipe, opened = subject_keys._wipe, []
    subject_keys._wipe = lambda path: opened.append(path) if not opened else dies()
else:
    module.FinishErasure = dies
async def main():
    store = EventStore.open(home / "main.db", projections=ALL)
    keys = SubjectKeys(home / "keys.db", Secrets(home / "secrets"))
    await Conversations(store=store, keys=keys).erase(which, actor="window")
asyncio.run(main())
"""


@pytest.mark.parametrize(
    "where",
    ["before the key is destroyed", "before the journal is wiped", "before it is recorded"],
)
async def test_an_erasure_survives_the_end_of_the_process(tmp_path: Path, where: str) -> None:
    """Three places to die in; afterwards all is as if it had never died."""
    secrets = Secrets(tmp_path / "secrets")
    store = EventStore.open(tmp_path / "main.db", projections=ALL)
    door = Conversations(store=store, keys=SubjectKeys(tmp_path / "keys.db", secrets))
    which = await door.start(actor="window")
    await door.add(which, NewMessage(role="user", text=WORDS), actor="window")
    await door.close()
    store.close()

    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", DIES, str(tmp_path), which, where],
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert died.returncode == 9

    store = EventStore.open(tmp_path / "main.db", projections=ALL)
    keys = SubjectKeys(tmp_path / "keys.db", secrets)
    door = Conversations(store=store, keys=keys)
    try:
        assert (await door.read(which)).messages[0].text is None, "shown to nobody meanwhile"
        await door.finish_erasures()
        facts = [one.type for one in store.read_stream(f"conversation-{which}")]
        assert facts[-2:] == ["conversation-erasure-requested", "conversation-erased"]
        assert facts.count("conversation-erased") == 1
        assert keys.living() == frozenset()
        assert (tmp_path / "keys.db-journal").stat().st_size == 0
    finally:
        await door.close()
        store.close()
