"""When a server that failed is tried again. Pure."""

from core.mcp.failing import NEEDS_SIGN_IN

WAITS_S = (1.0, 2.0, 5.0, 15.0, 60.0)  # after the first failure in a row, the second, …
STEADY_S = 60.0  # ready for so long, its failures count from the beginning again
# What can only fail again until somebody mends it
HOPELESS = frozenset(
    {"no-program", "not-started", "no-folder", "no-value", "http-401", "http-403", "http-404"}
    | {"sign-in-astray", NEEDS_SIGN_IN}
)


def wait_s(failures: int, code: str) -> float | None:
    """Seconds until the next try after so many failures in a row; None: not by itself."""
    if code in HOPELESS or failures > len(WAITS_S):
        return None
    return WAITS_S[failures - 1]


def again(advice: str, seconds: float | None) -> str:
    """What would help, and when it is tried again."""
    if seconds is None:
        return f"{advice} It is not tried again by itself: start it when that is mended."
    return f"{advice} It is tried again in {seconds:.0f} s."
