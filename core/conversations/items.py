"""Where in a conversation a ciphertext belongs: it opens nowhere else."""

TITLE = "title"
FOLDER = "folder"
SETUP = "setup"


def item_of(message_id: str) -> str:
    """A message's place."""
    return f"message/{message_id}"


def stream_of(conversation_id: str) -> str:
    """The stream of one conversation, which is the subject of its key, too."""
    return f"conversation-{conversation_id}"
