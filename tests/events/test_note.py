"""Signed notes are C2SP's, so that tools that know the format can read ours."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.audit import checkpoint, note
from events.audit.note import NoteInvalid, Signer, Verifier, opened, parted

# The example of the specification's reference implementation (golang.org/x/mod/sumdb/note).
VERIFIER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501
)
SEED = bytes(range(32))
TEXT = "vllm-studio.local/log/x\n3\n" + base64.b64encode(bytes(32)).decode() + "\n"


def test_the_published_note_is_opened() -> None:
    """The reference's own key and signature."""
    verifier = Verifier.parse(VERIFIER_KEY)
    assert str(verifier) == VERIFIER_KEY
    assert opened(PUBLISHED, [verifier]).endswith("what your problem is.\n")


def test_a_changed_letter_spoils_it() -> None:
    """One sign of the text."""
    with pytest.raises(NoteInvalid, match="does not belong"):
        opened(PUBLISHED.replace("answer", "Answer"), [Verifier.parse(VERIFIER_KEY)])


def test_nobody_known_has_signed() -> None:
    """A stranger's signature proves nothing."""
    signer = Signer("somebody", SEED)
    with pytest.raises(NoteInvalid, match="known key"):
        opened(signer.sign(TEXT), [Verifier.parse(VERIFIER_KEY)])


@given(st.text(st.characters(exclude_categories=("C", "Z"))))
def test_what_is_signed_can_be_opened(line: str) -> None:
    """Any text, and with a witness's signature below ours."""
    signer, witness = Signer("us", SEED), Signer("witness", bytes(32))
    signed = signer.sign(line + "\n")
    cosigned = signed + witness.sign(line + "\n").rpartition("\n\n")[2]
    for verifier in (signer.verifier, witness.verifier):
        assert opened(cosigned, [verifier]) == line + "\n"
    assert len(parted(cosigned)[1]) == 2


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\nno dash AAAA\n",
        "text\n\n— us !!!\n",
        "te\rxt\n\n— us AA\n",
    ],
)
def test_what_is_no_note(broken: str) -> None:
    """Each is refused with a sentence."""
    with pytest.raises(NoteInvalid):
        parted(broken)


@pytest.mark.parametrize("key", ["", "a+b", "a+00000000+AAAA", VERIFIER_KEY.replace("c7", "c8")])
def test_what_is_no_verifier_key(key: str) -> None:
    """Also one whose id is another key's."""
    with pytest.raises(NoteInvalid):
        Verifier.parse(key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n"])
def test_a_name_that_can_not_sign(name: str) -> None:
    """The format could not tell where it ends."""
    with pytest.raises(ValueError, match="name"):
        Signer(name, SEED)


def test_a_checkpoint_comes_back() -> None:
    """Signed, read, and about the log it is about."""
    signer = checkpoint.signer_for("0199", SEED)
    made = checkpoint.Checkpoint(checkpoint.origin_of("0199"), 7, bytes(range(32)))
    signed = checkpoint.signed(made, signer)
    assert checkpoint.read(signed, [signer.verifier]) == checkpoint.peek(signed) == made
    assert made.log_id == "0199"


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n",
        "a\n-1\nAAAA\n",
        "a\n01\nAAAA\n",
        "a\n1\nAAAA\n",
        TEXT[:-1],
        "\n" + TEXT,
        TEXT.replace("\n", "\n" + "9" * 5000, 1),
    ],
)
def test_what_is_no_checkpoint(text: str) -> None:
    """Each is refused with a sentence."""
    with pytest.raises(NoteInvalid):
        checkpoint.parse(text)


def test_extensions_are_passed_over() -> None:
    """Other logs write more lines."""
    assert checkpoint.parse(TEXT + "more\n") == checkpoint.parse(TEXT)
    assert note.is_name("vllm-studio.local/log/x")
