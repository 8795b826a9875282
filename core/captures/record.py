"""What is kept of one request: its bodies, and what they belong to. No header, and no query."""

import zlib

import msgspec


class CapturedBody(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One body, as far as it was kept."""

    data: bytes
    size: int  # of the whole

    @property
    def is_whole(self) -> bool:
        """Nothing was left out."""
        return len(self.data) == self.size


class CaptureRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A captured request."""

    request_id: str
    captured_at: int  # µs since the epoch
    path: str
    model: str
    key_id: str | None
    outcome: str
    status: int
    question: CapturedBody
    answer: CapturedBody

    def packed(self) -> bytes:
        """As it is encrypted."""
        return zlib.compress(_encoder.encode(self), 1)


def unpacked(data: bytes) -> CaptureRecord:
    """The opposite of `packed`."""
    return _decoder.decode(zlib.decompress(data))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CaptureRecord)
