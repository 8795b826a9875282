"""A home with conversations that take files."""

from pathlib import Path

from core.attachments.attachments import Attachments
from core.attachments.extracting import Extracting
from core.blobs import Blobs
from core.conversations import Conversations, NewMessage, Said
from core.conversations.attached import Attachment
from core.erasure import SubjectKeys
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore

MINUTE = 60_000_000


class Clock:
    """Goes when it is told to; files have the machine's own times."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        """Microseconds; later than anything that was written, by `ahead`."""
        return 4_000_000_000_000_000 + self.ahead if self.ahead else 0

    def monotonic(self) -> float:
        """Seconds."""
        return self.ahead / 1e6


class House:
    """Conversations, their keys, their files."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = Clock()
        self.store = EventStore.open(home / "main.db", projections=ALL)
        self.keys = SubjectKeys(home / "keys.db", Secrets(home / "secrets"))
        self.blobs = Blobs(home / "blobs", self.keys)
        self.conversations = Conversations(
            store=self.store, keys=self.keys, forgotten=self.blobs.drop
        )
        self.attachments = Attachments(
            blobs=self.blobs,
            conversations=self.conversations,
            extracting=Extracting(),
            clock=self.clock,
        )

    async def talk(self) -> str:
        """A new conversation."""
        return await self.conversations.start(actor="window")

    async def say(self, which: str, text: str, *files: Attachment, after: str | None = None) -> str:
        """A message with these files; its id."""
        named = await self.attachments.named(which, [one.id for one in files])
        said = Said(text=text, attachments=named)
        message = NewMessage(role="user", said=said, parent_id=after)
        return await self.conversations.add(which, message, actor="window")

    def files(self) -> list[Path]:
        """Every file of every conversation."""
        return [path for path in (self.home / "blobs").rglob("*") if path.is_file()]

    def close(self) -> None:
        """Let go of the files."""
        self.keys.close()
        self.store.close()
