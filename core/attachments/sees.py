"""Whether a model is shown pictures, and what they cost it: read from its `config.json`. Pure.

Families name their eyes differently; what is looked for is the part that has them. A model of
text alone has none of these and says so by its architecture. Anything else is unknown, and is told
to people as unknown: nothing is refused for it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from core.attachments.estimate import tokens_of_picture

Sees = Literal["yes", "no", "unknown"]
Config = Mapping[str, Any]

_EYES = (
    "vision_config",
    "visual",
    "vision_tower",
    "mm_vision_tower",
    "vision_encoder",
    "vision_model",
    "vision_backbone",
    "vit_config",
    "img_processor",
    "visual_tokenizer_config",
    "image_token_id",
    "image_token_index",
    "im_token_id",
    "embd_layer",  # Phi 3 vision and Phi 4 multimodal keep theirs in it
)
_INNER = ("thinker_config", "model_config")
_TEXT_ALONE = ("ForCausalLM", "LMHeadModel")
_BLIND_FLAG = "--language-model-only"
_FIXED = ("mm_tokens_per_image", "image_seq_length")  # families that cut every picture alike


def sees(config: Config) -> Sees:
    """What a model's configuration says of it."""
    if any(config.get(name) for name in _EYES):
        return "yes"
    if any(isinstance(inner := config.get(name), dict) and _has_eyes(inner) for name in _INNER):
        return "yes"
    names = config.get("architectures")
    if isinstance(names, list) and names and all(str(n).endswith(_TEXT_ALONE) for n in names):
        return "no"
    return "unknown"


def blinded(arguments: Sequence[str]) -> bool:
    """Whether the engine is told to leave the eyes out: by a flag, or by a limit of none."""
    told = " ".join(arguments).replace("=", " ").replace('"', "").replace("'", "")
    if _BLIND_FLAG in arguments:
        return True
    _, found, limit = told.partition("--limit-mm-per-prompt ")
    return found != "" and "image:0" in limit.replace(" ", "").replace("image0", "image:0")


def picture_tokens(config: Config, width: int, height: int) -> int:
    """What a picture of this size costs such a model; an estimate."""
    fixed = next((count for name in _FIXED if (count := _int(config, name))), None)
    if fixed is not None:
        return fixed
    vision = config.get("vision_config")
    patch = _int(vision, "patch_size") or _int(vision, "spatial_patch_size")
    merge = _int(vision, "spatial_merge_size") or _int(config, "spatial_merge_size")
    if patch and merge:
        side = patch * merge
        return max(1, math.ceil(width / side) * math.ceil(height / side))
    return tokens_of_picture(width, height)


def _has_eyes(config: Config) -> bool:
    return any(config.get(name) for name in _EYES)


def _int(config: object, name: str) -> int | None:
    value = config.get(name) if isinstance(config, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
