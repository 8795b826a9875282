"""A picture as a model is shown it: upright, no larger than it looks at, and without its story.

What a camera writes beside the picture (place, time, serial number, a thumbnail of what was cut
off) goes; its rotation and its colours are applied first. Runs in the child.
"""

import io
import struct
import warnings

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from core.attachments.shapes import Extracted, Refusal

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_PIXELS = 64_000_000
LONGEST_SIDE = 1536  # beyond it most models look no closer, and all of them take more tokens
LARGE_PNG = 3 * 2**20  # bytes of one without transparency; as JPEG it is a tenth
QUALITY = 90
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, ZeroDivisionError, struct.error)
_PLAIN = frozenset({"RGB", "L"})


def read_picture(data: bytes) -> Extracted:
    """The picture made anew. Raises Refusal."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _read(data)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise Refusal(
            f"this picture has more than {MOST_PIXELS // 1_000_000} million pixels",
            "picture-too-large",
            "make it smaller: models look at a few million at most",
        ) from None
    except (UnidentifiedImageError, *_BROKEN):
        raise Refusal(
            "this picture can not be read: it is broken or cut off",
            "picture-broken",
            "open it in a viewer and save it again",
        ) from None


def _read(data: bytes) -> Extracted:
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        was_jpeg, frames = opened.format == "JPEG", getattr(opened, "n_frames", 1)
        opened.load()
        upright = ImageOps.exif_transpose(opened)
        shown = _seen(_coloured(upright))
    size = shown.size
    if max(size) > LONGEST_SIDE:
        shown.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    made, mime = _made(shown, was_jpeg=was_jpeg)
    return Extracted(
        kind="image",
        mime=mime,
        data=made,
        width=shown.width,
        height=shown.height,
        scaled_from=size if size != shown.size else None,
        frames=frames,
    )


def _coloured(picture: Image.Image) -> Image.Image:
    """In sRGB: the profile that says otherwise does not go with it."""
    profile = picture.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        try:
            plain = ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGBA" if picture.mode == "RGBA" else "RGB",
            )
        except (ImageCms.PyCMSError, OSError):
            return picture
        return plain if plain is not None else picture
    return picture


def _seen(picture: Image.Image) -> Image.Image:
    """In a mode that every reader knows."""
    if picture.mode in _PLAIN:
        return picture
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture.convert("RGB")


def _made(picture: Image.Image, *, was_jpeg: bool) -> tuple[bytes, str]:
    """A file with the pixels alone."""
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    if not was_jpeg or picture.mode == "RGBA":
        png = _saved(bare, "PNG", optimize=False)
        if picture.mode == "RGBA" or len(png) <= LARGE_PNG:
            return png, "image/png"
    return _saved(bare, "JPEG", quality=QUALITY), "image/jpeg"


def _saved(picture: Image.Image, form: str, **how: object) -> bytes:
    into = io.BytesIO()
    picture.save(into, form, **how)
    return into.getvalue()
