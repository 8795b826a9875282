"""How many tokens something will be, where nobody who knows can be asked. Estimates. Pure."""

import math

# Rules of thumb for vocabularies of a hundred thousand words and more; the tokenizers of small
# models cut finer. Whoever shows the number says that it is an estimate.
_ASCII_PER_TOKEN = 3.8
_OTHER_PER_TOKEN = 1.6
_PATCH = 28  # pixels of a side that become one token (Qwen 2.5 VL, GLM 4V and relatives)
_FEWEST = 16


def tokens_of_text(text: str) -> int:
    """Of a text in any language."""
    plain = sum(1 for one in text if one < "\x80") if not text.isascii() else len(text)
    return math.ceil(plain / _ASCII_PER_TOKEN + (len(text) - plain) / _OTHER_PER_TOKEN)


def tokens_of_picture(width: int, height: int) -> int:
    """Of a picture, for a model whose patches are of the usual size."""
    return max(_FEWEST, math.ceil(width / _PATCH) * math.ceil(height / _PATCH))
