"""Every setting there is: its type, range, default and explanation stand in one place, here."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from core.settings.setting import about

Source = Literal["default", "file", "environment", "log"]


class Values(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Every setting, by its name; `Settings` (in_force.py) adds the rules between them."""

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
    chat_titles: Annotated[
        bool,
        about(
            "Conversations get their title from the model that answered in them, while it has "
            "nothing else to do; off: the first line of what was said.",
        ),
    ] = True
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
    language: Annotated[
        str,
        about(
            "The language of the window, the tray and its notifications; auto: the window takes "
            "the browser's, the tray the system's.",
            choices=("auto", "en", "de", "zh"),
        ),
    ] = "auto"
    allowed_origins: Annotated[
        tuple[str, ...],
        about("Web pages elsewhere that may call the API, such as https://chat.example."),
    ] = ()

    sources: dict[str, Source] = {}  # where each value came from; a default is not named
