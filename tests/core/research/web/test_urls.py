"""Which URLs are asked for, and which are the same page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.research.web.urls import canonical, each_once, page_key, parsed
from core.research.web.views import Hit, WebProblem


def test_a_place_is_what_a_connection_needs() -> None:
    """Lower case, ASCII, without a final dot, with its port."""
    place = parsed("https://Bücher.Example.:8443/a?b#c")[1]
    assert (place.scheme, place.host, place.port) == ("https", "xn--bcher-kva.example", 8443)
    assert place.origin == "https://xn--bcher-kva.example:8443"
    assert parsed("http://[2606:4700::1]/")[1].origin == "http://[2606:4700::1]"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "file:///etc/hosts",
        "javascript:alert(1)",
        "data:text/html,x",
        "//a.example/",
        "a.example",
        "",
        "http://",
        "http:///path",
        "http://a.example:22/",
        "http://a.example:25/",
        "http://a.example:6379/",
        "http://a.example:70000/",
        "http://a..example/",
        "http://-a.example/",
        "http://a.example/\r\nX: y",
        "http://a.example\\@b.example/",
        "http://exa mple.example/",
        "http://" + "a" * 5000,
    ],
)
def test_what_is_no_address_of_a_page_is_refused(url: str) -> None:
    """Before anybody is asked anything."""
    with pytest.raises(WebProblem) as refused:
        parsed(url)
    assert refused.value.code == "bad-url"
    assert refused.value.next_action


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("HTTP://A.Example:80", "http://a.example/"),
        ("https://a.example:443/x#part", "https://a.example/x"),
        ("https://a.example/x?utm_source=s&id=7&fbclid=f", "https://a.example/x?id=7"),
        ("https://a.example/x?utm_source=s", "https://a.example/x"),
        ("https://a.example/x?b=2&a=1", "https://a.example/x?b=2&a=1"),
        ("https://a.example/x?q=a+b%20c", "https://a.example/x?q=a+b%20c"),
        ("https://a.example/x?utm_id=1&q=", "https://a.example/x?q="),
        ("folder://notes/a.md", "folder://notes/a.md"),
    ],
)
def test_what_only_follows_people_around_is_left_out(url: str, same: str) -> None:
    """Fragments, default ports and the marks of advertisers; nothing that names a page."""
    assert canonical(url) == same


@given(st.text(alphabet="abc/?&=#utm_source.%20é", max_size=40))
def test_a_canonical_address_stays_as_it_is(rest: str) -> None:
    """Made canonical twice is made canonical once."""
    once = canonical("http://a.example/" + rest)
    assert canonical(once) == once


def test_hits_come_once_each_in_their_order() -> None:
    """The first of two that are one page stays; what can not be read is no hit."""
    urls = (
        "https://www.a.example/x/?utm_source=s",
        "http://a.example/x",
        "ftp://a.example/y",
        "https://b.example",
        "https://c.example/",
    )
    hits = each_once((Hit(url=url) for url in urls), 2)
    assert [hit.url for hit in hits] == ["https://www.a.example/x/", "https://b.example/"]
    assert page_key(urls[0]) == page_key(urls[1])
    assert each_once((Hit(url=url) for url in urls), 0) == []
