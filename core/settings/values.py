"""Every setting there is: its type, range, default and explanation stand in one place, here.

Where a value comes from, weakest first: default < settings.toml < .env < environment; what the
log says (`with_recorded`, changes made in the window) stands between the files and the
environment. A wrong value is refused with the file, the line and what would be right.
"""

import contextlib
import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from core.errors import Invalid, Refused
from core.masking import HIDDEN
from core.nearest import did_you_mean
from core.settings.paths import Paths
from core.settings.setting import Setting, about, described, typed

Source = Literal["default", "file", "environment", "log"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """The settings in force. Make them with `load_settings`; `Settings(home=…)` is for tests."""

    home: Path
    host: Annotated[
        str,
        about(
            "The address that the controller listens on; any but loopback demands an API key.",
            restart=True,
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        about(
            "The controller's port, for clients and browsers; 0 takes a free one.",
            restart=True,
            least=0,
            most=65535,
        ),
    ] = 8080
    inference_port: Annotated[
        int,
        about(
            "The first engine's port; further engines take the next free ones.",
            least=0,
            most=65535,
        ),
    ] = 8000
    litellm_port: Annotated[
        int,
        about(
            "The LiteLLM gateway's port, on loopback; 0 takes a free one.",
            restart=True,
            least=0,
            most=65535,
        ),
    ] = 4000
    api_key: Annotated[
        str | None,
        about("The key that every request must carry; none: no key is asked.", secret=True),
    ] = None
    require_key: Annotated[
        bool,
        about(
            "Nobody gets in without a key, also on loopback; with an API key set it is always so."
        ),
    ] = False
    litellm_master_key: Annotated[
        str,
        about(
            "The key between the controller and LiteLLM; made on the first run when unset.",
            environment="LITELLM_MASTER_KEY",
            restart=True,
            secret=True,
        ),
    ] = ""
    database_url: Annotated[
        str | None,
        about(
            "The PostgreSQL database to which usage, keys and requests are mirrored.",
            environment="DATABASE_URL",
            restart=True,
            secret=True,
        ),
    ] = None
    litellm_database: Annotated[
        bool,
        about(
            "LiteLLM gets DATABASE_URL too, for tables and keys of its own that are not this "
            "app's; it does not start without the prisma package in its runtime and Prisma's "
            "engines from the internet.",
            restart=True,
        ),
    ] = False
    redis_url: Annotated[
        str | None,
        about(
            "A Redis for the counters of keys' limits and for cached answers; none: in memory.",
            environment="REDIS_URL",
            restart=True,
            secret=True,
        ),
    ] = None
    inference_api_base: Annotated[
        str | None,
        about(
            "Where the gateway reaches inference instead of an engine on this machine.",
            environment="INFERENCE_API_BASE",
            restart=True,
        ),
    ] = None
    max_resident: Annotated[
        int,
        about(
            "How many models may be in memory at once; 0: as many as fit.",
            least=0,
            most=64,
        ),
    ] = 0
    min_residence_s: Annotated[
        float,
        about(
            "How long a model stays at least before a request for one that only just left "
            "takes its place.",
            unit="s",
            least=0,
            most=86400,
        ),
    ] = 5.0
    priority_patience_s: Annotated[
        float,
        about(
            "How long a request may be overtaken by models with a higher priority.",
            unit="s",
            least=0,
            most=86400,
        ),
    ] = 60.0
    drain_timeout_s: Annotated[
        float,
        about(
            "How long a switch waits for running requests before it cuts them.",
            unit="s",
            least=0,
            most=86400,
        ),
    ] = 600.0
    admission_timeout_s: Annotated[
        float,
        about(
            "How long a request waits for its model before it is told to come back later.",
            unit="s",
            least=0,
            most=86400,
        ),
    ] = 900.0
    sleep_memory_gib: Annotated[
        float,
        about(
            "Main memory for all sleeping engines together; 0: half of what engines may use.",
            unit="GiB",
            least=0,
            most=65536,
        ),
    ] = 0.0
    left_client_finishes_load: Annotated[
        bool,
        about("A load goes on to its end when everyone who waited for it has left."),
    ] = True
    gateway_restart_limit: Annotated[
        int,
        about(
            "How often in a row the gateway is restarted before it waits for a person.",
            least=0,
            most=1000,
        ),
    ] = 5
    start_failure_limit: Annotated[
        int,
        about(
            "How often in a row a recipe may fail to start before requests are refused at once.",
            least=1,
            most=1000,
        ),
    ] = 3
    start_backoff_s: Annotated[
        float,
        about(
            "How long a recipe that failed too often is left alone.",
            unit="s",
            least=0,
            most=86400,
        ),
    ] = 60.0
    websocket_idle_s: Annotated[
        float,
        about(
            "How long a websocket may be silent until it keeps its model no longer; 0: for ever.",
            unit="s",
            least=0,
            most=86400,
        ),
    ] = 60.0
    serve_without_log: Annotated[
        bool,
        about("Requests to models that are ready are served while the log can not be written."),
    ] = True
    currency: Annotated[
        str,
        about("The currency that prices are in, as its ISO 4217 code; nothing is converted."),
    ] = "USD"
    electricity_price_per_kwh: Annotated[
        float,
        about(
            "What a kilowatt-hour costs; 0: what energy costs is not computed.",
            least=0,
            most=1000,
        ),
    ] = 0.0
    cache_memory_mib: Annotated[
        int,
        about(
            "Main memory for answers that are kept for the same question again; 0: none are.",
            unit="MiB",
            least=0,
            most=1_048_576,
        ),
    ] = 256
    capture_bodies: Annotated[
        str,
        about(
            "Whose bodies are kept, encrypted, for the owner to look at: nobody's (off), those of "
            "requests that did not end well (errors), or all.",
            choices=("off", "errors", "all"),
        ),
    ] = "off"
    capture_days: Annotated[
        int,
        about(
            "After so many days captured bodies are erased with their key.",
            unit="days",
            least=1,
            most=3660,
        ),
    ] = 7
    capture_body_mib: Annotated[
        int,
        about(
            "How much is captured of a question, and how much of its answer.",
            unit="MiB",
            least=1,
            most=50,
        ),
    ] = 4
    capture_max_mib: Annotated[
        int,
        about(
            "Disk for all captured bodies; when it is full the oldest day is erased.",
            unit="MiB",
            least=1,
            most=1_048_576,
        ),
    ] = 1024
    usage_seal: Annotated[
        bool,
        about(
            "Months of requests that are over are sealed: packed into a file a tenth as big that "
            "can be proved whole and is asked like the rest.",
        ),
    ] = True
    usage_keep_live_months: Annotated[
        int,
        about(
            "So many months stay as they are written, the current one included; older ones are "
            "sealed.",
            unit="months",
            least=1,
            most=1200,
        ),
    ] = 2
    usage_keep_months: Annotated[
        int,
        about(
            "After so many full months single requests are erased, which is recorded; what they "
            "add up to stays. 0: they are kept for ever.",
            unit="months",
            least=0,
            most=1200,
        ),
    ] = 0
    checkpoint_events: Annotated[
        int,
        about(
            "After so many new events the log is signed for again.",
            least=1,
            most=1_000_000,
        ),
    ] = 1000
    checkpoint_minutes: Annotated[
        int,
        about(
            "After so many minutes the log is signed for again, when something new is in it.",
            unit="min",
            least=1,
            most=10_080,
        ),
    ] = 60
    checkpoints_folder: Annotated[
        str | None,
        about(
            "Where signed checkpoints of the log are kept; best on another disk or machine. "
            "None: the folder checkpoints in the data directory.",
        ),
    ] = None
    lane: Annotated[
        str,
        about(
            "The way of requests where neither they, their key nor their recipe say one: through "
            "LiteLLM (gateway), or straight to the engine, byte for byte (direct).",
            choices=("gateway", "direct"),
        ),
    ] = "gateway"
    direct_when_gateway_down: Annotated[
        bool,
        about("While LiteLLM is down, requests that can go straight to their engine do."),
    ] = True
    loading_feedback: Annotated[
        bool,
        about(
            "Streaming chats that wait for their model are told how its load goes, as reasoning.",
        ),
    ] = False
    warm_start: Annotated[
        bool,
        about("An interpreter that has imported the engine waits for the next start; Linux only."),
    ] = True
    default_recipe: Annotated[
        str | None,
        about('The recipe that serves requests for the model "default".'),
    ] = None
    allowed_origins: Annotated[
        tuple[str, ...],
        about("Web pages elsewhere that may call the API, such as https://chat.example."),
    ] = ()

    sources: dict[str, Source] = {}  # where each value came from; a default is not named

    def __post_init__(self) -> None:
        """Refuse what can not be: an open door without a key, two servers on one port."""
        if not is_loopback(self.host) and not self.api_key:
            raise Invalid(
                f"Listening on {self.host!r} lets other machines in, so an API key is needed",
                field="host",
                code="key-needed",
                next_action="Set VLLM_STUDIO_API_KEY, or listen on 127.0.0.1.",
            )
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise Invalid(
                f"currency should be an ISO 4217 code such as USD or EUR, not {self.currency!r}",
                field="currency",
            )
        ports = [self.port, self.inference_port, self.litellm_port]
        chosen = [port for port in ports if port]
        if len(set(chosen)) < len(chosen):
            raise Invalid(
                "port, inference_port and litellm_port must differ, "
                f"but they are {ports[0]}, {ports[1]} and {ports[2]}",
                field="port",
                code="port-clash",
            )

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{k}={v!r}' for k, v in self.shown().items())})"

    @property
    def paths(self) -> Paths:
        """Where everything lies."""
        return Paths(self.home)

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        chosen = self.checkpoints_folder
        return Path(chosen).expanduser() if chosen else self.paths.checkpoints

    @property
    def demands_key(self) -> bool:
        """Nobody but the owner gets in without a key."""
        return self.require_key or bool(self.api_key) or not self.loopback_only

    @property
    def loopback_only(self) -> bool:
        """Only programs of this machine can reach the controller."""
        return is_loopback(self.host)

    @property
    def litellms_database_url(self) -> str | None:
        """What LiteLLM is told of the database; None unless somebody asked for its own mode."""
        return (self.database_url or None) if self.litellm_database else None

    def source_of(self, key: str) -> Source:
        """Where the value in force came from."""
        return self.sources.get(key, "default")

    def shown(self) -> dict[str, Any]:
        """Every setting as plain data, with secrets that are set as "•••"."""
        values: dict[str, Any] = {"home": str(self.home)}
        for setting in SETTINGS:
            value = getattr(self, setting.key)
            values[setting.key] = HIDDEN if setting.secret and value else msgspec.to_builtins(value)
        return values

    def secret_values(self) -> tuple[str, ...]:
        """The secrets among the settings, for `Secrets.remember`: masked wherever text leaves."""
        values = (getattr(self, setting.key) for setting in SETTINGS if setting.secret)
        return tuple(value for value in values if value)

    def with_changes(self, changes: Mapping[str, Any]) -> "Settings":
        """These settings with changes, typed and checked. None puts the default back.

        What the environment sets stays as it is: it wins.
        Raises Invalid for an unknown key, a wrong value, or a secret (the log keeps none).
        """
        values = {key: typed(_not_secret(key), value) for key, value in changes.items()}
        free = {k: v for k, v in values.items() if self.source_of(k) != "environment"}
        sources = {**self.sources, **dict.fromkeys(free, "log")}
        return msgspec.structs.replace(self, **free, sources=sources)

    def with_recorded(self, changes: Mapping[str, Any]) -> "Settings":
        """The same for the start, when nothing that an older or newer version recorded is fatal."""
        settings = self
        for key, value in changes.items():
            with contextlib.suppress(Invalid):
                settings = settings.with_changes({key: value})
        return settings

    def demand_changeable(self, keys: Iterable[str]) -> None:
        """Refuse a person's change that would have no effect, because the environment wins."""
        for key in keys:
            setting = _not_secret(key)
            if self.source_of(key) == "environment":
                raise Refused(
                    f"{key} is set by {setting.environment} in the environment, which wins",
                    code="environment-wins",
                    next_action=f"Unset {setting.environment} and start again.",
                )


SETTINGS: tuple[Setting, ...] = described(Settings)
SETTING: dict[str, Setting] = {setting.key: setting for setting in SETTINGS}


def is_loopback(host: str) -> bool:
    """Whether nobody outside this machine can reach a server that listens on `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def known(key: str) -> Setting:
    """The setting of that name; Invalid names the nearest one there is."""
    if key not in SETTING:
        raise Invalid(
            f"There is no setting {key!r}.{did_you_mean(key, SETTING)}",
            field=key,
            code="unknown-setting",
        )
    return SETTING[key]


def _not_secret(key: str) -> Setting:
    setting = known(key)
    if setting.secret:
        raise Invalid(
            f"{key} is a secret, and the log keeps none",
            field=key,
            code="secret-setting",
            next_action=f"Set {setting.environment} in the .env file of the data directory.",
        )
    return setting
