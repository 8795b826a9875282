"""What is amiss with the engine as it is installed, and the little its last words say."""

from core.engines.failures.known import row

ENGINE = (
    row(
        "runtime-broken",
        r"ModuleNotFoundError: No module named '(?P<name>[^']+)'|PackageNotFoundError: (?P<pack>.+)"
        r"|ImportError: (?P<why>.+)|(?P<op>operator \S+ does not exist)"
        r"|undefined symbol: (?P<symbol>\S+)"
        r"|(?P<old>\S+ is installed with version \S+, which is less than the minimum required "
        r"version [\w.]+)"
        r"|\[sgl_kernel\] CRITICAL: (?P<sgl>Could not load any common_ops library)",
        "the installed engine is not complete or does not fit together: "
        "{name}{pack}{why}{op}{symbol}{old}{sgl}",
        "Remove the runtime and install it again.",
    ),
    row(
        "graph-capture-failed",
        r"Capture cuda graph failed: (?P<why>.{3,160})",
        "CUDA graphs could not be recorded: {why}",
        "Switch enforce_eager on to do without them, or lower memory_fraction.",
        remedy={"enforce_eager": "true"},
    ),
    row(
        "engine-core-died",
        r"EngineCore encountered an issue|EngineDeadError|Engine core initialization failed"
        r"|EngineCore failed to start|Scheduler hit an exception|Received sigquit from a child"
        r"|WorkerProc initialization failed due to an exception|Rank \d+ scheduler is dead",
        "one of the engine's own processes died",
        "Read its log for the cause; start it again.",
        may_pass=True,
    ),
)
