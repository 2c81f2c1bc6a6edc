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
ZSTD_WINDOW_LOG: Final = (
    23  # RFC 9659: 8 MB at most over HTTP; zstd's own default would allocate 128 MB for a small body
)


class TooLarge(Exception):
    """The body is larger than the limit."""


class Truncated(Exception):
    """The compressed data ends before its end."""


class NotPacked(Exception):
    """The body is not what its header says."""


def unpack(body: bytes, encodings: Sequence[str], limit: int) -> bytes:
    """Undo ``encodings`` (in the order that Content-Encoding lists them). Raises the three errors above.

    An encoding that we never asked for raises NotPacked; ``identity`` is none.
    """
    layers = [name for name in encodings if name not in ("identity", "")]
    if len(layers) > MAX_LAYERS:
        raise NotPacked(", ".join(layers))
    for name in reversed(layers):
        try:
            body = _UNPACKERS[name](body, limit)
        except KeyError as error:
            raise NotPacked(name) from error
        except (zlib.error, brotli.error, zstd.ZstdError) as error:
            raise NotPacked(f"{name}: {error}") from error
    return body


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
        stream = new()
        try:
            rest = _frame(rest, stream, output, limit)
        except (zlib.error, zstd.ZstdError):
            if output:
                break
            raise
    return bytes(output)


def _frame(data: bytes, stream: _Stream, output: bytearray, limit: int) -> bytes:
    while not stream.eof:
        chunk = stream.read(data)
        data = b""
        output += chunk
        if len(output) > limit:
            raise TooLarge
        if not chunk and not stream.eof:
            raise Truncated
    return stream.unused_data


def _gzip(body: bytes, limit: int) -> bytes:
    return _frames(body, limit, lambda: _Zlib(GZIP))


def _deflate(body: bytes, limit: int) -> bytes:
    """Read zlib's format, which RFC 9110 means, or bare deflate, which some servers send."""
    try:
        return _frames(body, limit, lambda: _Zlib(zlib.MAX_WBITS))
    except zlib.error:
        return _frames(body, limit, lambda: _Zlib(RAW_DEFLATE))


def _zstd(body: bytes, limit: int) -> bytes:
    return _frames(body, limit, _Zstd)


def _brotli(body: bytes, limit: int) -> bytes:
    decompressor = brotli.Decompressor()
    output = bytearray(decompressor.process(body, output_buffer_limit=CHUNK))
    while not decompressor.is_finished():
        if len(output) > limit:
            raise TooLarge
        chunk = decompressor.process(b"", output_buffer_limit=CHUNK)
        if not chunk:
            raise Truncated
        output += chunk
    if len(output) > limit:
        raise TooLarge
    return bytes(output)


_UNPACKERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
