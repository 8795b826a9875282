"""A picture as it is kept: few colours, and the former one where only clocks have moved on."""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

COLOURS = 192
MOVED = 0.012  # the share of pixels that a minute later differs by times, ports and counts alone
NOTICED = 24  # of 255, in any channel


def keep(shot: bytes, file: Path) -> bool:
    """Write it unless what lies there shows the same; whether it was written."""
    new = Image.open(BytesIO(shot)).convert("RGB")
    if file.is_file() and _moved(new, Image.open(file).convert("RGB")) < MOVED:
        return False
    small = new.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file.parent.mkdir(parents=True, exist_ok=True)
    small.save(file, optimize=True)
    return True


def _moved(new: Image.Image, old: Image.Image) -> float:
    """The share of pixels that are visibly another colour."""
    if new.size != old.size:
        return 1.0
    difference = ImageChops.difference(new, old)
    channels = [band.point(lambda value: 255 * (value > NOTICED)) for band in difference.split()]
    worst = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return worst.histogram()[255] / (new.width * new.height)
