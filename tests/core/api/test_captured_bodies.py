"""How captured bodies are shown: as text where they are text, and no secret of the studio's own."""

import base64

import pytest

from core.api.captures import shown
from core.captures import CapturedBody


def body(data: bytes, size: int | None = None) -> CapturedBody:
    """A body, whole unless `size` says that it was longer."""
    return CapturedBody(data=data, size=len(data) if size is None else size)


def test_text_is_shown_as_text_with_secrets_masked() -> None:
    """Somebody may have sent a key of the studio's in a prompt."""
    view = shown(body("Grüße, sk-secret".encode()), lambda text: text.replace("sk-secret", "•••"))
    assert (view.encoding, view.data, view.size, view.whole) == ("text", "Grüße, •••", 18, True)


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_letter_that_was_cut_in_two_does_not_make_a_text_binary(cut: int) -> None:
    """What was kept ends where the limit was."""
    view = shown(body("ab😀".encode()[:-cut], size=1000), str)
    assert (view.encoding, view.data, view.whole) == ("text", "ab", False)


@pytest.mark.parametrize("size", [4, 1000])
def test_what_is_no_text_comes_as_base64(size: int) -> None:
    """Sound, pictures."""
    data = b"\xff\xfb\x90\x00"
    view = shown(body(data, size=size), str)
    assert (view.encoding, base64.b64decode(view.data)) == ("base64", data)
