"""Secrets stay in 0600 files, whole, and out of every text."""

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.secrets import Secrets, new_secret

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """An empty store."""
    return Secrets(tmp_path / "secrets")


def test_what_is_put_is_got_exactly(secrets: Secrets) -> None:
    """Line ends, spaces and any script included."""
    for value in ("plain", " a\r\nb\n", "", "gehëim-密"):
        assert secrets.put("name", value) == "name"
        assert secrets.get("name") == value


def test_a_missing_secret_is_none_and_deleting_it_is_nothing(secrets: Secrets) -> None:
    """Also before the folder exists."""
    assert secrets.get("none") is None
    assert secrets.names() == ()
    assert secrets.mask("text") == "text"
    secrets.delete("none")


def test_deleted_is_gone(secrets: Secrets) -> None:
    """And no longer masked: it is no secret of ours any more."""
    secrets.put("a", "value-of-a")
    secrets.delete("a")
    assert secrets.get("a") is None
    assert secrets.mask("value-of-a") == "value-of-a"


@posix
def test_files_are_for_the_owners_eyes_only(secrets: Secrets, tmp_path: Path) -> None:
    """Whatever the umask is, and also after a replacement."""
    before = os.umask(0)
    try:
        secrets.put("a", "one")
        secrets.put("a", "two")
        secrets.ensure("b")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    for file in (tmp_path / "secrets").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_is_left_beside_the_secrets(secrets: Secrets, tmp_path: Path) -> None:
    """No scratch file stays behind, neither after success nor after a failure."""
    secrets.put("a", "one")
    secrets.ensure("a")
    secrets.ensure("b")
    with pytest.raises(UnicodeEncodeError):
        secrets.put("a", "\ud800")
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == ["a", "b"]
    assert secrets.get("a") == "one"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "a\x00", "x" * 201])
def test_a_name_never_leaves_the_folder(secrets: Secrets, name: str) -> None:
    """Names come from recipes, too."""
    for call in (secrets.get, secrets.delete, secrets.ensure):
        with pytest.raises(Invalid):
            call(name)


def test_ensure_makes_once(secrets: Secrets, tmp_path: Path) -> None:
    """The second caller gets the first one's."""
    first = secrets.ensure("key")
    assert secrets.ensure("key", make=lambda: "other") == first
    assert Secrets(tmp_path / "secrets").ensure("key") == first


def test_of_many_first_callers_all_get_the_same(secrets: Secrets) -> None:
    """Two programs that start at once agree on the key, whoever writes first."""
    makers = [f"made-by-{n}" for n in range(16)]
    barrier = threading.Barrier(len(makers))
    got: list[str] = []

    def call(value: str) -> None:
        def make() -> str:
            barrier.wait()  # all have looked and found nothing
            return value

        got.append(secrets.ensure("key", make=make))

    threads = [threading.Thread(target=call, args=(value,)) for value in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(makers)
    assert set(got) == {secrets.get("key")}


def test_a_file_system_without_links_still_has_one_winner(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network and memory-card file systems know no hard links."""

    def no_links(*_: object) -> None:
        raise PermissionError("not supported")

    monkeypatch.setattr(os, "link", no_links)
    assert secrets.ensure("key", make=lambda: "first") == "first"
    assert secrets.ensure("key", make=lambda: "second") == "first"


def test_new_secrets_are_long_and_differ() -> None:
    """In the shape that LiteLLM demands of a key."""
    assert new_secret() != new_secret()
    assert new_secret().startswith("sk-")
    assert len(new_secret()) >= 40


@pytest.mark.parametrize(
    "spell",
    [
        lambda value: value,
        lambda value: json.dumps({"key": value}),
        lambda value: f"http://host/?key={quote(value, safe='')}",
        lambda value: f"Bearer {value}, and again {value}{value}",
    ],
)
def test_a_secret_is_masked_wherever_it_stands(
    secrets: Secrets, spell: Callable[[str], str]
) -> None:
    """As it is, inside JSON and inside a URL."""
    value = 'se"cr/et\\ välue'
    secrets.put("a", value)
    masked = secrets.mask(spell(value))
    assert "•••" in masked
    for part in ("cr/et", "cr%2Fet", "lue"):
        assert part not in masked


def test_short_values_are_not_masked(secrets: Secrets) -> None:
    """A password of three letters would hide half of every log."""
    secrets.put("short", "12345")
    secrets.put("long", "123456")
    assert secrets.mask("12345 123456") == "12345 •••"


def test_a_secret_inside_another_does_not_uncover_it(secrets: Secrets) -> None:
    """The longer one is hidden whole."""
    secrets.put("short", "abcdef")
    secrets.put("long", "abcdefghi")
    assert secrets.mask("abcdefghi abcdef") == "••• •••"


def test_a_new_secret_is_masked_at_once(secrets: Secrets, tmp_path: Path) -> None:
    """Also when another program of ours has written it."""
    assert secrets.mask("first-value") == "first-value"
    secrets.put("a", "first-value")
    assert secrets.mask("first-value") == "•••"
    secrets.put("a", "second-value")
    assert secrets.mask("second-value") == "•••"
    Secrets(tmp_path / "secrets").put("b", "third-value")
    assert secrets.mask("third-value") == "•••"


def test_values_kept_elsewhere_can_be_masked_too(secrets: Secrets) -> None:
    """A key from the environment is as secret as one from a file."""
    secrets.remember("from-the-environment")
    secrets.remember(None)
    secrets.remember("")
    assert secrets.mask("x from-the-environment") == "x •••"
    assert secrets.names() == ()


@given(value=st.text(st.characters(exclude_categories=["Cs"]), min_size=6), around=st.text())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
def test_no_masked_text_holds_the_secret(secrets: Secrets, value: str, around: str) -> None:
    """Whatever the secret is and whatever stands around it."""
    secrets.put("a", value)
    if value not in "••••••••••••" + around:
        assert value not in secrets.mask(f"{around}{value}")
