"""Unpack HTTP bodies within a limit: gzip, deflate, brotli and zstd, one inside the other as often as a server says.

Never more than the limit and one chunk is in memory. 10 GB of zeros in a gzip, brotli or zstd bomb cost Scrapy's
defaults 1.1 GB each.
"""

from __future__ import annotations

import sys
import zlib
from typing import TYPE_CHECKING, Final, Protocol

import brotli  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):  # pragma: no cover
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHUNK: Final = 65_536
MAX_LAYERS: Final = 5  # real servers use one; two by mistake
GZIP: Final = 31  # zlib's wbits for a gzip header
RAW_DEFLATE: Final = -15
SAMPLE: Final = 256  # of 256 packed bytes all but a few in a million have a control character among them
ZSTD_WINDOW_LOG: Final = (
    23  # RFC 9659: 8 MB at most over HTTP; zstd's own default would allocate 128 MB for a small body
)


class TooLarge(Exception):
    """The body is larger than the limit."""


class Truncated(Exception):
    """The compressed data ends before its end, or is broken on the way; ``body`` is what came out until then."""

    def __init__(self, body: bytes) -> None:
        super().__init__(f"cut after {len(body)} bytes")
        self.body = body


class NotPacked(Exception):
    """The body is not what its header says."""


def unpack(body: bytes, encodings: Sequence[str], limit: int) -> bytes:
    """Undo ``encodings`` (in the order that Content-Encoding lists them). Raises the three errors above.

    An encoding that we never asked for raises NotPacked; ``identity`` is none.
    """
    layers = [name for name in encodings if name not in ("identity", "")]
    if len(layers) > MAX_LAYERS or not _UNPACKERS.keys() >= set(layers):
        raise NotPacked(", ".join(layers))
    is_whole = True
    for name in reversed(layers):
        try:
            body = _UNPACKERS[name](body, limit)
        except Truncated as error:
            body, is_whole = error.body, False
    if not is_whole:
        raise Truncated(body)
    return body


def is_text(body: bytes) -> bool:
    """Tell whether a body begins without the control characters that all packed data have."""
    return not any(byte < 0x20 and byte not in b"\t\n\f\r" for byte in body[:SAMPLE])


class _Stream(Protocol):
    """One frame being decompressed: `zlib.decompressobj` and `ZstdDecompressor` made alike."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def read(self, data: bytes) -> bytes: ...


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._object = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def read(self, data: bytes) -> bytes:
        return self._object.decompress(data or self._object.unconsumed_tail, CHUNK)


class _Zstd:
    def __init__(self) -> None:
        self._object = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def read(self, data: bytes) -> bytes:
        return self._object.decompress(data, CHUNK)


def _frames(body: bytes, limit: int, new: Callable[[], _Stream]) -> bytes:
    """Read frame after frame (RFC 1952 and 8878 allow several); what follows the last one and is none is ignored."""
    output = bytearray()
    rest = body
    while rest:
        rest = _frame(rest, new(), output, limit, is_first=rest is body)
    return bytes(output)


def _frame(data: bytes, stream: _Stream, output: bytearray, limit: int, *, is_first: bool) -> bytes:
    """Add what a frame holds to ``output``; return what follows it."""
    before = len(output)
    while not stream.eof:
        try:
            chunk = stream.read(data)
        except (zlib.error, zstd.ZstdError) as error:
            if len(output) > before:
                raise Truncated(bytes(output)) from error
            if is_first:
                raise NotPacked(str(error)) from error
            return b""
        data = b""
        output += chunk
        if len(output) > limit:
            raise TooLarge
        if not chunk and not stream.eof:
            raise Truncated(bytes(output))
    return stream.unused_data


def _gzip(body: bytes, limit: int) -> bytes:
    return _frames(body, limit, lambda: _Zlib(GZIP))


def _deflate(body: bytes, limit: int) -> bytes:
    """Read zlib's format, which RFC 9110 means, or bare deflate, which some servers send."""
    try:
        return _frames(body, limit, lambda: _Zlib(zlib.MAX_WBITS))
    except NotPacked:
        return _unless_text(body, lambda: _frames(body, limit, lambda: _Zlib(RAW_DEFLATE)))


def _zstd(body: bytes, limit: int) -> bytes:
    return _frames(body, limit, _Zstd)


def _brotli(body: bytes, limit: int) -> bytes:
    return _unless_text(body, lambda: _brotli_stream(body, limit))


def _brotli_stream(body: bytes, limit: int) -> bytes:
    decompressor = brotli.Decompressor()
    output = bytearray()
    data = body
    while not decompressor.is_finished():
        try:
            chunk = decompressor.process(data, output_buffer_limit=CHUNK)
        except brotli.error as error:
            raise (Truncated(bytes(output)) if output else NotPacked(str(error))) from error
        data = b""
        output += chunk
        if len(output) > limit:
            raise TooLarge
        if not chunk and not decompressor.is_finished():
            raise Truncated(bytes(output))
    return bytes(output)


def _unless_text(body: bytes, read: Callable[[], bytes]) -> bytes:
    """Read a format without a mark of its own: what breaks on the way and can be read as it is was never packed."""
    try:
        return read()
    except Truncated as error:
        if is_text(body):
            raise NotPacked("text") from error
        raise


_UNPACKERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
