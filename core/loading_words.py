"""How far a load is in words ("42 %, about 12 s left"), for the tray, the terminal and streams."""

from typing import Literal

Unit = Literal["s", "min", "h"]

ALMOST_S = 2.0


def how_far(percent: float | None, eta_s: float | None, *, late: bool = False) -> str:
    """A clause behind a name: " 42 %, about 12 s left"; empty when nothing is known."""
    told = f" {percent:.0f} %" if percent is not None else ""
    left = time_left(eta_s, late=late)
    return f"{told}, {left}" if left else told


def time_left(eta_s: float | None, *, late: bool = False) -> str:
    """What remains: never a number that pretends, never "0 s"; empty when nobody knows."""
    if late:
        return "longer than usual"
    if eta_s is None:
        return ""
    if eta_s < ALMOST_S:
        return "almost there"
    return f"about {rounded(eta_s)} left"


def rounded(seconds: float) -> str:
    """As exact as such a guess can be: "7 s", "25 s", "3 min", "1.5 h"."""
    figure, unit = coarse(seconds)
    return f"{figure} {unit}"


def coarse(seconds: float) -> tuple[str, Unit]:
    """The same as a figure and its unit, for who says them in another language."""
    if seconds < 10:
        return f"{seconds:.0f}", "s"
    if seconds < 90:
        return f"{5 * round(seconds / 5)}", "s"
    if seconds < 5400:
        return f"{max(2, round(seconds / 60))}", "min"
    return f"{seconds / 3600:.1f}", "h"
