"""Files that leave with an exported conversation, and come in with an imported one.

What comes in is read as if somebody had attached it: nothing that it says of itself is believed.
"""

from collections.abc import Mapping

from core.attachments.attachments import Attachments, ReadFile
from core.attachments.telling import content_of
from core.conversations import Conversation
from core.conversations.attached import Attachment, FiledFile
from core.conversations.exchange import Filed, Format, Taken, shown_branch
from core.errors import Invalid, NotFound


async def taken_along(attachments: Attachments, conversation: Conversation, form: Format) -> Taken:
    """What an export of this form holds of the files; those that can not be read stay behind."""
    which = conversation.conversation.conversation_id
    if form == "openai":
        parts = await attachments.parts_of(which, shown_branch(conversation), "yes")
        return Taken(
            contents={
                one.message_id: content_of(one.text or "", parts[one.message_id])
                for one in conversation.messages
                if one.message_id in parts and one.role != "tool"  # takes text alone
            }
        )
    if form == "json":
        named = {a.id: a for one in conversation.messages if one.said for a in one.said.attachments}
        files = [await _filed(attachments, which, one) for one in named.values()]
        return Taken(files=tuple(one for one in files if one is not None))
    return Taken()


async def read_files(attachments: Attachments, filed: Filed) -> Mapping[str, ReadFile]:
    """All files of an import, before the first of it is kept. Raises Invalid, which says where."""
    wanted = {a.id for one in filed.messages if one.said for a in one.said.attachments}
    read: dict[str, ReadFile] = {}
    for one in filed.files:
        if one.id in wanted:
            try:
                read[one.id] = await attachments.read(one.name, one.data)
            except Invalid as problem:
                raise Invalid(
                    f"the file {one.name} in it can not be taken: {problem.message}", field="text"
                ) from None
    return read


async def keep_files(
    attachments: Attachments, which: str, read: Mapping[str, ReadFile]
) -> Mapping[str, Attachment]:
    """They are a conversation's from now on; by the ids that they had."""
    return {known: await attachments.keep(which, one) for known, one in read.items()}


async def _filed(attachments: Attachments, which: str, one: Attachment) -> FiledFile | None:
    try:
        _, data = await attachments.file(which, one.id)
    except NotFound:
        return None
    return FiledFile(id=one.id, name=one.name, data=data)
