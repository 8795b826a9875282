"""The icon: three segments of the memory map, and the state as a shape with a colour.

State is never colour alone: a full dot is ready, a pie is busy, a diamond failed, a ring idle.
"""

from collections.abc import Callable
from functools import cache

from PIL import Image, ImageDraw

from desktop.tray_menu import Look

WEIGHTS = (124, 162, 246)  # the memory map's own colours, as in the window
KV_CACHE = (70, 190, 208)
GRAPHS = (190, 142, 232)

COLOURS: dict[Look, tuple[int, int, int]] = {
    "ready": (63, 185, 110),
    "busy": (224, 168, 32),
    "failed": (226, 74, 74),
    "idle": (140, 146, 158),
}

_GRID = 64  # the drawing's own units
_FINER = 4  # drawn larger, then shrunk: smooth edges

Box = tuple[float, float, float, float]
_SEGMENTS: tuple[tuple[Box, tuple[int, int, int]], ...] = (
    ((4, 14, 28, 50), WEIGHTS),
    ((31, 14, 46, 50), KV_CACHE),
    ((49, 14, 60, 50), GRAPHS),
)
_DOT: Box = (36, 36, 62, 62)


@cache
def icon(look: Look, size: int = 64) -> Image.Image:
    """The icon, `size` pixels wide and high, on a transparent ground."""
    scale = size * _FINER / _GRID
    image = Image.new("RGBA", (size * _FINER, size * _FINER), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    _draw_segments(draw, scale)
    draw.ellipse(_scaled(_grown(_DOT, 4), scale), fill=(0, 0, 0, 0))  # a moat around the state
    _SHAPES[look](draw, _scaled(_DOT, scale), (*COLOURS[look], 255), scale)
    return image.resize((size, size), Image.Resampling.LANCZOS)


@cache
def logo(size: int) -> Image.Image:
    """The three segments alone, for the window."""
    image = Image.new("RGBA", (size * _FINER, size * _FINER), (0, 0, 0, 0))
    _draw_segments(ImageDraw.Draw(image), size * _FINER / _GRID)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def argb(image: Image.Image) -> bytes:
    """Pixels as StatusNotifierItem wants them: ARGB, most significant byte first."""
    red, green, blue, alpha = image.convert("RGBA").split()
    return Image.merge("RGBA", (alpha, red, green, blue)).tobytes()


def _draw_segments(draw: ImageDraw.ImageDraw, scale: float) -> None:
    for box, colour in _SEGMENTS:
        draw.rounded_rectangle(_scaled(box, scale), radius=5 * scale, fill=(*colour, 255))


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = box
    return (left * scale, top * scale, right * scale, bottom * scale)


def _grown(box: Box, by: float) -> Box:
    left, top, right, bottom = box
    return (left - by, top - by, right + by, bottom + by)


Fill = tuple[int, int, int, int]
Shape = Callable[[ImageDraw.ImageDraw, Box, Fill, float], None]


def _full_dot(draw: ImageDraw.ImageDraw, box: Box, fill: Fill, _scale: float) -> None:
    draw.ellipse(box, fill=fill)


def _pie(draw: ImageDraw.ImageDraw, box: Box, fill: Fill, scale: float) -> None:
    draw.ellipse(box, outline=fill, width=round(4 * scale))
    draw.pieslice(box, -90, 60, fill=fill)


def _diamond(draw: ImageDraw.ImageDraw, box: Box, fill: Fill, _scale: float) -> None:
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    draw.polygon([(x, top), (right, y), (x, bottom), (left, y)], fill=fill)


def _ring(draw: ImageDraw.ImageDraw, box: Box, fill: Fill, scale: float) -> None:
    draw.ellipse(box, outline=fill, width=round(5 * scale))


_SHAPES: dict[Look, Shape] = {
    "ready": _full_dot,
    "busy": _pie,
    "failed": _diamond,
    "idle": _ring,
}
