"""The little web, a clock that only sleeping moves, and readers that read it."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.clock import Clock
from core.research.web.extracting import Extracted, Job, extracted
from core.research.web.fetching import Fetcher, Limits
from core.research.web.guarded import GuardedTransport
from core.research.web.names import Allowed
from core.research.web.politeness import Politeness
from core.research.web.reader import WebReader
from core.research.web.robots import Robots
from core.research.web.workers import Workers
from tests.support.little_web.server import LittleWeb

QUICK = Limits(connect_s=5, read_s=5, whole_s=20, most_bytes=2**20)


class HeldClock(Clock):
    """Time passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def now(self) -> int:
        """Microseconds since the epoch, UTC: 2026-11-30 12:00 and what was slept."""
        return int((1_796_040_000 + self.seconds - 1_000) * 1e6)

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Over at once."""
        self.slept.append(seconds)
        self.seconds += seconds


class ReadingHere(Workers):
    """Reads in this process: the same work without the start of another."""

    async def do(self, job: Job) -> Extracted:
        """Read one page."""
        return extracted(job)


class Answers:
    """A name server that says what a test wants, and counts who asked."""

    def __init__(self, **hosts: Sequence[str]) -> None:
        self.hosts = {name.replace("_", "."): list(found) for name, found in hosts.items()}
        self.asked: list[str] = []

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """As text."""
        self.asked.append(host)
        is_number = ":" in host or host.replace(".", "").isdigit()
        return self.hosts.get(host, [host] if is_number else [])


@pytest.fixture
def clock() -> HeldClock:
    """Held still."""
    return HeldClock()


@pytest.fixture
def web() -> Iterator[LittleWeb]:
    """Served while the test lasts."""
    with LittleWeb() as web:
        yield web


@pytest.fixture
def fetcher(clock: HeldClock) -> Fetcher:
    """What may reach the little web by its names, and nothing private besides."""
    transport = GuardedTransport(allowed=Allowed.named("*.localhost"))
    return Fetcher(transport, Politeness(clock, sleep=clock.sleep))


@pytest.fixture
def reader(fetcher: Fetcher, clock: HeldClock) -> WebReader:
    """A whole one."""
    return WebReader(
        fetcher=fetcher, robots=Robots(fetcher, clock), workers=ReadingHere(), clock=clock
    )


@pytest.fixture
def at(web: LittleWeb) -> Callable[[str, str], str]:
    """The address of a page of the little web."""
    return web.url


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For atlas.localhost alone, with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "atlas.localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("atlas.localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[LittleWeb]:
    """The little web behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with LittleWeb(tls=context) as web:
        yield web
