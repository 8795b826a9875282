"""The machine as it is now, in one immutable value: for /api/status, the tray and the window."""

from typing import Literal

import msgspec

EngineState = Literal[
    "starting", "loading", "ready", "stopping", "stopped", "failed", "asleep", "left-alone"
]


class EngineView(msgspec.Struct, frozen=True, kw_only=True):
    """One run of an engine."""

    engine_id: str
    recipe_id: str
    kind: str
    runtime: str | None
    state: EngineState
    since: int  # µs since the epoch: when it entered this state
    port: int
    pid: int | None = None
    phase: str = ""
    percent: float | None = None  # of the whole load, weighted by what earlier ones took
    eta_s: float | None = None  # from earlier loads; never below a moment
    late: bool = False  # it takes longer than usual, so `eta_s` is a poor guess
    in_flight: int = 0
    argv: tuple[str, ...] = ()  # secrets masked
    devices: tuple[str, ...] = ()  # GPUs by UUID, "gpu:1" where no driver tells; empty: all
    adopted: bool = False
    sleep_level: int | None = None  # state "asleep": 1 or 2
    error: str | None = None  # state "failed" or "left-alone": why
    error_code: str = ""
    next_action: str = ""
    lines: tuple[str, ...] = ()  # the decisive lines of its log, secrets masked
    remedy: dict[str, bool | int | str | None] = {}  # the recipe's change that would mend it


class RecipeView(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe as the switch lists show it."""

    id: str
    name: str
    model: str
    engine: str
    public_name: str
    aliases: tuple[str, ...]
    state: EngineState
    engine_id: str | None = None
    percent: float | None = None
    phase: str = ""
    eta_s: float | None = None
    late: bool = False
    pinned: bool = False
    last_load_s: float | None = None
    error: str | None = None  # why the last start failed or it crashed
    next_action: str = ""
    requests_today: int = 0
    changed: bool = False  # what runs is not what the recipe says by now; a switch starts it anew
    blocked: bool = False  # it failed too often: requests for it are refused
    blocked_until: int | None = None  # µs since the epoch; None: until it is changed or by hand
    priority: int = 0
    can_sleep: bool = False  # it is ready, and what runs can be put to sleep
    expected_s: float | None = None  # what bringing it would take now: cold, warm or as a waking


class SwitchView(msgspec.Struct, frozen=True, kw_only=True):
    """The change under way."""

    switch_id: str
    kind: str
    target: str | None
    step: str  # draining | evicting | starting
    since: int
    actor: str
    in_flight: int = 0
    evict: tuple[str, ...] = ()  # recipe ids that make room for it


class GatewayView(msgspec.Struct, frozen=True, kw_only=True):
    """The LiteLLM gateway."""

    state: Literal["installing", "starting", "ready", "down", "stopped"]
    port: int
    pid: int | None = None
    restarts: int = 0
    error: str | None = None


class HeldBackView(msgspec.Struct, frozen=True, kw_only=True):
    """LiteLLM wants more than the one core it can use: answers come no faster through it."""

    since: int  # µs since the epoch
    share: float  # of one core over the last half minute
    recipe_ids: tuple[str, ...]  # whose requests go through it, most first
    direct: tuple[str, ...] = ()  # those of them that would go straight if their recipe said so


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that wait for a model."""

    recipe_id: str
    requests: int
    oldest_since: int
    because: str = ""  # what it waits for, in words


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """The log is only read: nothing is changed, started or stopped until that is seen to."""

    code: str  # log-damaged | log-rolled-back | log-newer | log-unavailable
    sentence: str
    next_action: str
    position: int | None = None  # the first bad event, where one is known


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One consistent picture. `position` says up to which event it is true."""

    version: str
    position: int
    endpoint: str  # "http://127.0.0.1:8080/v1"
    state: Literal["idle", "ready", "switching", "failed"]
    active: str | None  # recipe id of the newest ready engine
    headline: str  # one sentence for the tray
    recipes: tuple[RecipeView, ...]
    engines: tuple[EngineView, ...]
    switch: SwitchView | None  # the change to show where there is place for one
    gateway: GatewayView
    waiting: tuple[WaitingView, ...] = ()
    in_flight: int = 0
    alarm: str | None = None  # what a person has to see to at once, such as a full disk
    switches: tuple[SwitchView, ...] = ()  # every change under way
    problem: ProblemView | None = None  # why this studio only looks on
    notices: tuple[str, ...] = ()  # what a person should know, but need not see to at once
    held_back: HeldBackView | None = None  # while the gateway is what holds answers back
    failed: str | None = None  # recipe id of the failure that is the last thing that happened
    language: str = "auto"  # of the window and the tray, as the settings say it
