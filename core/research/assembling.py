"""The parts of research, tied together for the composition root."""

from core.blobs import Blobs
from core.chat.inner_call import Asgi
from core.chat.tokens import Tokens
from core.clock import Clock
from core.conversations import Conversations
from core.erasure import SubjectKeys
from core.mcp.toolbox import Toolbox
from core.research.asking import Asking
from core.research.items import stream_of
from core.research.providers import ProviderDesk
from core.research.research import Research
from core.research.web.providers import Web
from core.research.web.tool_search import Asking as OnBehalf
from core.research.web.views import SearchProvider
from core.research.works import Works
from core.secrets import Secrets
from events.store import EventStore


def research_of(
    store: EventStore,
    secrets: Secrets,
    clock: Clock,
    keys: SubjectKeys,
    blobs: Blobs,
    conversations: Conversations,
    proxy: Asgi,
    toolbox: Toolbox,
    tokens: Tokens,
) -> Research:
    """The door to research, with all that it reaches."""
    desk = ProviderDesk(store=store, secrets=secrets)
    web = Web(desk.config, secrets=secrets, clock=clock, toolbox=toolbox)

    def provider(name: str, which: str, actor: str) -> SearchProvider:
        behalf = OnBehalf(conversation_id=stream_of(which), actor=actor)
        return web.provider(web.configured(name), asking=behalf)

    works = Works(
        asking=Asking(proxy, context_of=tokens.context_of),
        reader=web.reader,
        provider=provider,
        kept=blobs,
    )
    return Research(
        store=store,
        keys=keys,
        blobs=blobs,
        clock=clock,
        works=works,
        desk=desk,
        web=web,
        conversations=conversations,
    )
