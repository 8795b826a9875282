"""DATABASE_URL is shown without its password, however it is written."""

import pytest

from core.errors import Invalid
from core.mirror.address import address_of

SHOWN = {
    "postgresql://u:secret@h:5432/d": "postgresql://u@h:5432/d",
    "postgres://u:se%40cret@h/d?sslmode=require": "postgresql://u@h/d",
    "postgresql://h/d?user=u&password=secret": "postgresql://h/d",
    "postgresql:///d?host=/run/postgresql": "postgresql:///run/postgresql/d",
    "postgresql://u:p@one:1,two:2/d": "postgresql://u@one:1,two:2/d",
    "postgresql://u:se@cret@h/d": "postgresql://u@h/d",
    "postgresql://[::1]:5432/d": "postgresql://[::1]:5432/d",
}
WRONG = (
    "mysql://u:secret@h/d",
    "h:5432/d",
    "secret",
    "postgresql://u:se/cret@h/d",
    "postgresql://u:se#cret@h/d",
    "postgresql://u:se?cret@h/d",
    "postgresql://u:1?cret@h/d",
    "postgresql://u:1/cret@h/d",
    "postgresql://u@h:cret/d",
    "postgresql://[::1/d",
)


@pytest.mark.parametrize("url", SHOWN)
def test_an_address_is_shown_without_its_password(url: str) -> None:
    """User, host and database help to find a mistake; the password helps somebody else."""
    address = address_of(url)
    assert address.where == SHOWN[url]
    assert "secret" not in repr(address)


def test_a_password_is_known_as_written_and_as_meant() -> None:
    """Whatever a driver says of it is masked."""
    assert address_of("postgresql://u:a%40b@h/d").passwords == ("a%40b", "a@b")
    assert address_of("postgresql://h/d?password=a%40b").passwords == ("a@b",)


@pytest.mark.parametrize("url", WRONG)
def test_what_is_no_address_is_refused_without_being_repeated(url: str) -> None:
    """A password that is not escaped looks like a host or a port."""
    with pytest.raises(Invalid) as refused:
        address_of(url)
    assert "cret" not in refused.value.message + refused.value.next_action
    assert "percent-encoded" in refused.value.next_action
