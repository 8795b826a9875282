"""The running studio: its parts, in one place, for those who serve it to the outside."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from core.attachments.attachments import Attachments
from core.attachments.cost import Costs
from core.auditing.checkpointer import Checkpointer
from core.auditing.opening import OpenedLog
from core.auditing.verification import Verification
from core.blobs import Blobs
from core.captures import Captures
from core.chat import Chat
from core.chat.measuring import Measuring
from core.chat.titles import Titles
from core.chat.tokens import Tokens
from core.clock import Clock
from core.conversations import Conversations
from core.engines.fleet import Fleet
from core.engines.warm import Spares
from core.fit.fitting import Fitting
from core.gateway.admission import Admission
from core.gateway.cache import Answers
from core.gateway.gateway import Gateway
from core.gateway.inflight import InFlight
from core.gateway.proxy import Proxy
from core.gateway.routes import Routes
from core.gateway.usage_ledger import UsageLedger
from core.gateway.websocket import WebsocketBridge
from core.installer import Installer
from core.keys.desk import KeyDesk
from core.keys.keyring import KeyRing
from core.keys.limiting import KeyLimiting
from core.live_settings import LiveSettings
from core.log_watch import LogWatch
from core.machine import Machine
from core.mcp.mcp import Mcp
from core.mirror.mirror import Mirror
from core.monitoring.monitor import Monitor
from core.offers.book import OfferBook
from core.offers.choices import Choices
from core.offers.desk import OfferDesk
from core.past.time_travel import TimeTravel
from core.presets import Presets
from core.recipes.book import RecipeBook
from core.research.research import Research
from core.routing import RoutePublisher
from core.runtimes.runtimes import Runtimes
from core.sealing import Sealing
from core.secrets import Secrets
from core.settings import Settings
from core.start_budget import StartBudget
from core.status_board import StatusBoard
from core.studio import Studio
from core.switching.switchboard import Switchboard
from core.usage.energy import EnergyMeter
from core.usage_log import UsageLog
from events.store import EventStore


@dataclass(kw_only=True)
class Application:
    """Made by `core.bootstrap`, alive between its start and its stop."""

    settings: LiveSettings
    boot_settings: Settings
    secrets: Secrets
    clock: Clock
    opened_log: OpenedLog
    store: EventStore
    past: TimeTravel
    checkpointer: Checkpointer
    verification: Verification
    usage: UsageLog
    log_watch: LogWatch
    book: RecipeBook
    keys: KeyRing
    key_desk: KeyDesk
    limits: KeyLimiting
    answers: Answers
    mirror: Mirror
    mcp: Mcp
    sealing: Sealing
    captures: Captures
    conversations: Conversations
    presets: Presets
    chat: Chat
    tokens: Tokens
    titles: Titles
    measuring: Measuring
    blobs: Blobs
    attachments: Attachments
    attachment_costs: Costs
    research: Research
    energy: EnergyMeter
    offers: OfferBook
    offer_desk: OfferDesk
    choices: Choices
    runtimes: Runtimes
    fleet: Fleet
    gateway: Gateway
    routes: Routes
    inflight: InFlight
    admission: Admission
    proxy: Proxy
    websockets: WebsocketBridge
    ledger: UsageLedger
    publisher: RoutePublisher
    switchboard: Switchboard
    machine: Machine
    budget: StartBudget
    fitting: Fitting
    board: StatusBoard
    studio: Studio
    monitor: Monitor
    installer: Installer
    spares: Spares
    stopping: asyncio.Event
    request_stop: Callable[..., None]
    on_focus: list[Callable[[], None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the window and the API are."""
        return f"http://{self.boot_settings.host}:{self.boot_settings.port}"
