"""A request goes to the address that was checked for it, and to no other."""

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from core.research.web.fetching import Fetcher, Limits
from core.research.web.guarded import GuardedTransport
from core.research.web.names import Allowed, SystemResolver
from core.research.web.politeness import Politeness
from core.research.web.views import WebProblem
from tests.core.research.web.conftest import Answers, HeldClock
from tests.support.little_web.server import LittleWeb


class Wire(httpx.AsyncBaseTransport):
    """Notes where a connection would have gone; addresses in `dead` do not answer."""

    def __init__(self, dead: tuple[str, ...] = ()) -> None:
        self.sent: list[httpx.Request] = []
        self.dead = dead
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """What went out."""
        self.sent.append(request)
        if request.url.host in self.dead:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, stream=httpx.ByteStream(b"ok"))

    async def aclose(self) -> None:
        """Its connection is gone."""
        self.closed += 1


def guarded(wire: Wire, names: Answers, *own: str) -> GuardedTransport:
    """The guard, with a wire of the test's."""
    return GuardedTransport(
        resolver=names, allowed=Allowed.named(*own), open_transport=lambda: wire
    )


async def ask(transport: GuardedTransport, url: str) -> int:
    """One request; the status that came."""
    async with transport.answering(httpx.Request("GET", url)) as response:
        return response.status_code


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """The name is looked up once; it stays in `Host` and for the certificate."""
    wire, names = Wire(), Answers(a_example=["93.184.216.34"])
    await ask(guarded(wire, names), "https://a.example:8443/path?q=1")
    sent = wire.sent[0]
    assert str(sent.url) == "https://93.184.216.34:8443/path?q=1"
    assert sent.headers["host"] == "a.example:8443"
    assert sent.extensions["sni_hostname"] == "a.example"
    assert names.asked == ["a.example"]
    assert wire.closed == 1


async def test_a_name_that_changes_its_mind_is_asked_anew_for_each_request() -> None:
    """Rebinding: public at first, private a moment later. Each request has its own check."""
    wire, names = Wire(), Answers(a_example=["93.184.216.34"])
    transport = guarded(wire, names)
    await ask(transport, "http://a.example/")
    names.hosts["a.example"] = ["127.0.0.1"]
    with pytest.raises(WebProblem) as refused:
        await ask(transport, "http://a.example/")
    assert refused.value.code == "private-address"
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    "found",
    [
        ["93.184.216.34", "10.0.0.1"],
        ["10.0.0.1", "93.184.216.34"],
        ["93.184.216.34", "::1"],
        ["93.184.216.34", "fe80::1%eth0"],
        ["::ffff:10.0.0.1"],
        ["not an address"],
    ],
)
async def test_one_private_answer_refuses_the_host(found: list[str]) -> None:
    """Whichever comes first."""
    wire = Wire()
    with pytest.raises(WebProblem) as refused:
        await ask(guarded(wire, Answers(a_example=found)), "http://a.example/")
    assert refused.value.code == "private-address"
    assert wire.sent == []


async def test_a_host_without_an_address_is_unknown() -> None:
    """And says what may be done."""
    with pytest.raises(WebProblem) as unknown:
        await ask(guarded(Wire(), Answers()), "http://a.example/")
    assert unknown.value.code == "unknown-host"
    assert unknown.value.next_action


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    """At most three, and the failure of the last is the answer."""
    many = [f"93.184.216.{n}" for n in range(1, 6)]
    wire = Wire(dead=("93.184.216.1",))
    await ask(guarded(wire, Answers(a_example=many)), "http://a.example/")
    assert [one.url.host for one in wire.sent] == many[:2]
    dead = Wire(dead=tuple(many))
    with pytest.raises(httpx.ConnectError):
        await ask(guarded(dead, Answers(a_example=many)), "http://a.example/")
    assert len(dead.sent) == 3
    assert dead.closed == 3


async def test_a_host_that_a_person_named_may_be_private() -> None:
    """That host, on that port where one was named; never a link-local address."""
    names = Answers(wiki_home=["192.168.1.5"], nas_home=["10.0.0.2"], odd_home=["169.254.169.254"])
    wire = Wire()
    transport = guarded(wire, names, "wiki.home:8080", "*.home:9090", "127.0.0.1:8888")
    await ask(transport, "http://wiki.home:8080/")
    await ask(transport, "http://nas.home:9090/")
    names.hosts["127.0.0.1"] = ["127.0.0.1"]
    await ask(transport, "http://127.0.0.1:8888/")
    for refused in (
        "http://wiki.home/",
        "http://nas.home:8080/",
        "http://odd.home:9090/",
        "http://127.0.0.1:8889/",
    ):
        with pytest.raises(WebProblem):
            await ask(transport, refused)
    assert len(wire.sent) == 3


async def test_what_is_allowed_is_asked_each_time() -> None:
    """A host that a person takes back is refused from then on."""
    hosts = ["wiki.home"]
    transport = GuardedTransport(
        resolver=Answers(wiki_home=["10.0.0.1"]),
        allowed=Allowed(lambda: hosts),
        open_transport=Wire,
    )
    await ask(transport, "http://wiki.home/")
    hosts.clear()
    with pytest.raises(WebProblem):
        await ask(transport, "http://wiki.home/")


async def test_names_under_localhost_never_leave_the_machine() -> None:
    """They are this machine, whatever a name server would say."""
    assert await SystemResolver().addresses("atlas.localhost", 80) == ("127.0.0.1",)
    assert await SystemResolver().addresses("127.0.0.1", 80) == ("127.0.0.1",)


# ---- certificates -------------------------------------------------------------------------------


@pytest.fixture
def trusting(certificate: Path, clock: HeldClock) -> Callable[..., Fetcher]:
    """A fetcher that trusts that certificate and nothing else."""
    context = ssl.create_default_context(cafile=certificate)

    def opened() -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False)

    transport = GuardedTransport(allowed=Allowed.named("*.localhost"), open_transport=opened)
    return lambda: Fetcher(transport, Politeness(clock, sleep=clock.sleep))


async def test_the_certificate_has_to_be_for_the_name(
    secure: LittleWeb, trusting: Callable[..., Fetcher]
) -> None:
    """Connecting by address loosens nothing: another name at the same address is refused."""
    fetcher = trusting()
    limits = Limits()
    good = f"https://atlas.localhost:{secure.port}/mount-ada"
    assert (await fetcher.fetch(good, limits=limits, accept="*/*")).status == 200
    with pytest.raises(WebProblem) as refused:
        await fetcher.fetch(good.replace("atlas", "survey"), limits=limits, accept="*/*")
    assert refused.value.code == "unreachable"
    assert "certificate" in refused.value.message
    assert secure.hosts() == {"atlas"}


async def test_an_address_of_the_newer_kind_is_connected_to_as_well() -> None:
    """In brackets, with its name in `Host`."""
    wire = Wire()
    names = Answers(a_example=["2606:4700::1", "93.184.216.34"])
    await ask(guarded(wire, names), "http://a.example/x")
    assert str(wire.sent[0].url) == "http://[2606:4700::1]/x"
    assert wire.sent[0].headers["host"] == "a.example"
    await ask(guarded(wire, Answers()), "http://[2606:4700::2]:8080/")
    assert wire.sent[1].headers["host"] == "[2606:4700::2]:8080"
