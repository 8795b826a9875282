"""The scenes of the stand-in: each is a whole studio, standing still."""

from collections.abc import Callable

from tests.webui.props import (
    DEMO,
    DEMO_B,
    GEMMA,
    GPUS,
    IDLE_GPUS,
    LARGE,
    LOGS,
    MISTRAL,
    NO_GPU,
    OOM,
    OOM_NEXT,
    QWEN,
    R1,
    Json,
    asked,
    engine,
    engine_metrics,
    now,
    saved,
    status,
    story,
    switch,
    view_of,
    waits,
)


def scene(
    status_: Json,
    machine: Json,
    recipes: list[Json],
    *,
    measured: bool = True,
    told: bool = True,
    requests: list[Json] | None = None,
) -> Json:
    """Everything a studio has."""
    active = status_["active"]
    return {
        "status": status_,
        "hardware": machine,
        "metrics": {
            "engines": {active: engine_metrics(0) if measured else {}} if active else {},
            "gateway": {"requests_per_s": 3.2},
        },
        "facts": story() if told else [],
        "requests": requests or [],
        "recipes": {r["id"]: saved(r, 3) for r in recipes},
        "logs": {name: list(lines) for name, lines in LOGS.items()} if told else {"app": []},
    }


def busy() -> Json:
    """The picture of the mock: one ready, one loading, one stopped, one failed, two GPUs."""
    views = [
        view_of(QWEN, "ready", last_load_s=48.0, requests_today=1204, engine_id="qwen3-32b-1")
        | {"can_sleep": True},
        view_of(GEMMA, "loading", percent=62.0, phase="loading weights 11/14", last_load_s=83.0)
        | {"requests_today": 96, "eta_s": 31.0},
        view_of(MISTRAL, last_load_s=22.0),
        view_of(R1, "failed", error=OOM, next_action=OOM_NEXT),
    ]
    engines = [
        engine("qwen3-32b", "vllm", "ready", runtime="vllm-0.14.1", in_flight=6)
        | {"since": now() - 8_060_000_000},
        engine("gemma3", "vllm", "loading", percent=62.0, eta_s=31.0, port=8001)
        | {"since": now() - 52_000_000, "phase": "loading weights 11/14", "pid": 4720},
    ]
    picture = status(views, state="ready", active="qwen3-32b", engines=engines, in_flight=6)
    return scene(picture, GPUS, [QWEN, GEMMA, MISTRAL, R1], requests=in_hand())


def in_hand() -> list[Json]:
    """Six requests that run."""
    return [
        asked(
            f"req-{n}", "running", QWEN, actor="key:ab12cd" if n % 3 == 0 else "api", ago_s=18 - n
        )
        for n in range(6)
    ]


def loading() -> Json:
    """Nothing resident yet; a switch asked for in the tray is at 62 %."""
    views = [
        view_of(QWEN, "loading", percent=62.0, phase="loading weights 11/14", last_load_s=48.0)
        | {"eta_s": 18.0},
        view_of(MISTRAL, last_load_s=22.0),
    ]
    one = engine("qwen3-32b", "vllm", "loading", runtime="vllm-0.14.1", percent=62.0, eta_s=18.0)
    one |= {"since": now() - 30_000_000, "phase": "loading weights 11/14"}
    picture = status(views, state="switching", engines=[one], switch=switch("qwen3-32b"))
    picture["waiting"] = [waits("qwen3-32b", 2, "")]
    held = [asked("req-a1", "waiting", QWEN, ago_s=9), asked("req-a2", "waiting", QWEN, ago_s=2)]
    return scene(picture, GPUS, [QWEN, MISTRAL], requests=held)


def draining() -> Json:
    """A switch that waits for six running requests."""
    whole = busy()
    change = switch("mistral", actor="cli", step="draining", in_flight=6, evict=["qwen3-32b"])
    whole["status"] |= {"state": "switching", "switch": change, "switches": [change]}
    return whole


def failed() -> Json:
    """The last start failed, and nothing is resident."""
    views = [view_of(R1, "failed", error=OOM, next_action=OOM_NEXT), view_of(QWEN, last_load_s=48)]
    return scene(status(views, state="failed"), IDLE_GPUS, [R1, QWEN])


def cpu() -> Json:
    """The demo on a machine without a GPU, on an engine that reports nothing."""
    views = [view_of(DEMO, "ready", last_load_s=5.2, requests_today=3), view_of(DEMO_B)]
    one = engine("demo", "transformers", "ready", runtime="transformers-5.1.0")
    picture = status(views, state="ready", active="demo", engines=[one])
    return scene(picture, NO_GPU, [DEMO, DEMO_B], measured=False)


def empty() -> Json:
    """A fresh machine."""
    picture = status([])
    picture["gateway"]["state"] = "installing"
    return scene(picture, NO_GPU, [], told=False)


def two_changes() -> Json:
    """Two models load at once on a GPU each, a third waits for room, and its requests say why."""
    views = [
        view_of(GEMMA, "loading", percent=62.0, phase="loading weights 11/14", last_load_s=83.0)
        | {"eta_s": 31.0},
        view_of(MISTRAL, "loading", percent=17.0, phase="reading the configuration")
        | {"late": True, "last_load_s": 22.0},
        view_of(QWEN, last_load_s=48.0),
    ]
    engines = [
        engine("gemma3", "vllm", "loading", runtime="vllm-0.14.1", percent=62.0, eta_s=31.0)
        | {"since": now() - 52_000_000, "phase": "loading weights 11/14", "devices": ["GPU-0"]},
        engine("mistral", "vllm", "loading", runtime="vllm-0.14.1", percent=17.0, port=8001)
        | {"since": now() - 41_000_000, "pid": 4720, "devices": ["GPU-1"], "late": True},
    ]
    changes = [
        switch("gemma3", switch_id="s1", since=now() - 52_000_000),
        switch("mistral", switch_id="s2", kind="load", actor="api", since=now() - 41_000_000),
    ]
    picture = status(views, state="switching", engines=engines, switch=changes[0])
    why = "gemma3 has been here for less than 30 s; it may go in 21 s"
    picture |= {
        "switches": changes,
        "waiting": [waits("qwen3-32b", 2, why), waits("gemma3", 1, "")],
    }
    held = [
        asked("req-b1", "waiting", GEMMA, ago_s=12),
        asked("req-b2", "waiting", QWEN, actor="key:ab12cd", ago_s=9),
        asked("req-b3", "waiting", QWEN, ago_s=3),
    ]
    return scene(picture, IDLE_GPUS, [GEMMA, MISTRAL, QWEN], requests=held)


def asleep() -> Json:
    """The resident model sleeps; another has slept, too, more deeply."""
    views = [
        view_of(QWEN, "asleep", last_load_s=48.0, requests_today=1204, engine_id="qwen3-32b-1"),
        view_of(GEMMA, "asleep", last_load_s=83.0, engine_id="gemma3-1"),
        view_of(MISTRAL, last_load_s=22.0),
    ]
    engines = [
        engine("qwen3-32b", "vllm", "asleep", runtime="vllm-0.14.1", sleep_level=1)
        | {"since": now() - 840_000_000},
        engine("gemma3", "vllm", "asleep", runtime="vllm-0.14.1", sleep_level=2, port=8001),
    ]
    return scene(status(views, engines=engines), IDLE_GPUS, [QWEN, GEMMA, MISTRAL])


def blocked() -> Json:
    """One failed too often and is left alone for a while; another until it is changed."""
    views = [
        view_of(R1, "failed", error=OOM, next_action=OOM_NEXT)
        | {"blocked": True, "blocked_until": now() + 480_000_000},
        view_of(GEMMA, "failed", error="--kv-cash-dtype is no flag of this vLLM")
        | {"blocked": True, "next_action": "take --kv-cash-dtype out of the extra arguments"},
        view_of(QWEN, last_load_s=48.0),
    ]
    return scene(status(views, state="failed"), IDLE_GPUS, [R1, GEMMA, QWEN])


def changed() -> Json:
    """What runs is what its recipe was before it was saved again."""
    whole = busy()
    view = whole["status"]["recipes"][0]
    view["changed"] = True
    return whole


def left_alone() -> Json:
    """An engine of an earlier run that its recipe no longer launches: it runs and is not used."""
    views = [
        view_of(QWEN, "left-alone", last_load_s=48.0, engine_id="qwen3-32b-1"),
        view_of(MISTRAL, last_load_s=22.0),
    ]
    why = "it was started with other settings than its recipe has now"
    one = engine("qwen3-32b", "vllm", "left-alone", runtime="vllm-0.14.1", error=why)
    one |= {"since": now() - 5_400_000_000, "next_action": "evict it, or switch to it anew"}
    return scene(status(views, engines=[one]), GPUS, [QWEN, MISTRAL])


def alarm() -> Json:
    """The disk is full: models answer, and nothing can be recorded."""
    whole = busy()
    words = "The disk is full: nothing can be recorded until there is room. Free some space."
    whole["status"]["alarm"] = words
    return whole


def looking_on() -> Json:
    """The log is damaged, so nothing is started or changed; the clock went back as well."""
    whole = busy()
    whole["status"]["problem"] = {
        "code": "log-damaged",
        "sentence": "The event at position 9 was changed.",
        "next_action": "`vllm-studio audit recover` keeps what is good and begins a new log.",
        "position": 9,
    }
    whole["status"]["notices"] = ["The clock was set back by 2 h since the newest event."]
    return whole


def will_not_fit() -> Json:
    """A recipe too large for this machine, with what would fit."""
    views = [view_of(LARGE), view_of(QWEN, last_load_s=48.0), view_of(MISTRAL, last_load_s=22.0)]
    return scene(status(views), IDLE_GPUS, [LARGE, QWEN, MISTRAL])


def held_back() -> Json:
    """The gateway wants more than the one core it can use."""
    whole = busy()
    whole["status"]["held_back"] = {
        "since": now() - 60_000_000,
        "share": 0.97,
        "recipe_ids": ["qwen3-32b"],
        "direct": ["qwen3-32b"],
    }
    return whole


def unnamed() -> Json:
    """Two recipes of one model and one of a command of its own, none with a name of its own."""
    plain = MISTRAL | {"pinned": False}
    recipes = [
        plain | {"id": name, "name": name, "model": model}
        for name, model in (
            ("mistral-a", MISTRAL["model"]),
            ("mistral-b", MISTRAL["model"]),
            ("whisper-cli", ""),
        )
    ]
    return scene(status([view_of(recipe) for recipe in recipes]), IDLE_GPUS, recipes)


SCENES: dict[str, Callable[[], Json]] = {
    "busy": busy,
    "loading": loading,
    "draining": draining,
    "failed": failed,
    "cpu": cpu,
    "empty": empty,
    "two-changes": two_changes,
    "asleep": asleep,
    "blocked": blocked,
    "changed": changed,
    "left-alone": left_alone,
    "will-not-fit": will_not_fit,
    "alarm": alarm,
    "held-back": held_back,
    "looking-on": looking_on,
    "unnamed": unnamed,
}
