"""A picture as it is kept: few colours, and the former one where only clocks have moved on."""

import math
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

COLOURS = 192
NEAR = 8  # colours that lie closer, in RGB, are one
COLOURFUL = 8  # how much a full colour outweighs a grey: a dot of a few pixels says what a state is
MOVED = 0.012  # the share of pixels that a minute later differs by times, ports and counts alone
NOTICED = 24  # of 255, in any channel


def keep(shot: bytes, file: Path) -> bool:
    """Write it unless what lies there shows the same; whether it was written."""
    new = Image.open(BytesIO(shot)).convert("RGB")
    if file.is_file() and _moved(new, Image.open(file).convert("RGB")) < MOVED:
        return False
    small = new.quantize(palette=_palette(new), dither=Image.Dither.NONE)
    file.parent.mkdir(parents=True, exist_ok=True)
    small.save(file, optimize=True)
    return True


def _palette(picture: Image.Image) -> Image.Image:
    """The colours that are kept: the frequent ones, and the full ones of small marks."""
    counted: list[tuple[int, tuple[int, int, int]]] = picture.getcolors(1 << 24)  # type: ignore[assignment]
    counted.sort(key=_weight, reverse=True)
    kept: list[tuple[int, int, int]] = []
    for _, colour in counted:
        if len(kept) < COLOURS and all(_apart(colour, other) > NEAR for other in kept):
            kept.append(colour)
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for colour in kept for channel in colour])
    return palette


def _weight(counted: tuple[int, tuple[int, int, int]]) -> float:
    """Pixels of it, more for a full colour."""
    pixels, colour = counted
    return pixels * (1 + COLOURFUL * (max(colour) - min(colour)) / 255)


def _apart(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """How far two colours lie apart in RGB."""
    return math.dist(one, other)


def _moved(new: Image.Image, old: Image.Image) -> float:
    """The share of pixels that are visibly another colour."""
    if new.size != old.size:
        return 1.0
    difference = ImageChops.difference(new, old)
    channels = [band.point(lambda value: 255 * (value > NOTICED)) for band in difference.split()]
    worst = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return worst.histogram()[255] / (new.width * new.height)
