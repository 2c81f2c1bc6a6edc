"""Packed bodies come out whole, or as one of three errors; never larger than the limit."""

import contextlib
import gzip
import random
import zlib

import brotli  # type: ignore[import-untyped]
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetching.unpack import NotPacked, TooLarge, Truncated, is_text, unpack

LIMIT = 1_000_000
TEXT = "Wörter, Sätze und Absätze.\n".encode() * 500


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@given(st.binary(max_size=5_000), st.lists(st.sampled_from(sorted(PACKERS)), max_size=4))
def test_what_was_packed_comes_out(data: bytes, encodings: list[str]) -> None:
    packed = data
    for name in encodings:
        packed = PACKERS[name](packed)
    assert unpack(packed, encodings, LIMIT) == data


@given(st.binary(max_size=2_000), st.lists(st.sampled_from([*PACKERS, "sdch", "identity"]), max_size=6))
def test_any_bytes_under_any_header_give_bytes_or_one_of_three_errors(data: bytes, encodings: list[str]) -> None:
    with contextlib.suppress(NotPacked, TooLarge, Truncated):
        assert len(unpack(data, encodings, LIMIT)) <= LIMIT


VARIED = random.Random(7).randbytes(200_000).hex().encode()


@pytest.mark.parametrize("name", PACKERS)
def test_half_a_body_is_truncated_and_what_came_is_kept(name: str) -> None:
    packed = PACKERS[name](VARIED)
    with pytest.raises(Truncated) as caught:
        unpack(packed[: len(packed) // 2], [name], LIMIT)
    assert VARIED.startswith(caught.value.body)
    assert len(caught.value.body) > len(VARIED) // 4
    twice = PACKERS[name](gzip.compress(VARIED))
    with pytest.raises(Truncated) as caught:
        unpack(twice[:-200], ["gzip", name], LIMIT)
    assert VARIED.startswith(caught.value.body)
    assert caught.value.body


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_a_body_that_is_broken_on_the_way_is_truncated_there(name: str) -> None:
    packed = bytearray(PACKERS[name](VARIED * 2))
    packed[-5_000:-4_000] = b"\xff" * 1_000
    with pytest.raises(Truncated) as caught:
        unpack(bytes(packed), [name], LIMIT)
    assert (VARIED * 2).startswith(caught.value.body[: len(VARIED)])


@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_is_too_large(name: str) -> None:
    with pytest.raises(TooLarge):
        unpack(PACKERS[name](b"\x00" * 30_000_000), [name], LIMIT)


def test_a_body_of_exactly_the_limit_is_not_too_large() -> None:
    for name, packer in PACKERS.items():
        assert len(unpack(packer(b"x" * LIMIT), [name], LIMIT)) == LIMIT
        with pytest.raises(TooLarge):
            unpack(packer(b"x" * (LIMIT + 1)), [name], LIMIT)


def test_several_members_and_bare_deflate_are_read() -> None:
    assert unpack(gzip.compress(b"one ") + gzip.compress(b"two"), ["gzip"], LIMIT) == b"one two"
    assert unpack(zstd.compress(b"one ") + zstd.compress(b"two"), ["zstd"], LIMIT) == b"one two"
    assert unpack(gzip.compress(TEXT) + b"trailing noise", ["gzip"], LIMIT) == TEXT
    assert unpack(raw_deflate(TEXT), ["deflate"], LIMIT) == TEXT


def test_a_small_body_cannot_claim_a_large_window() -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    packed = packer.compress(TEXT) + packer.flush()
    with pytest.raises(NotPacked):
        unpack(packed, ["zstd"], LIMIT)


def test_text_that_only_says_it_is_packed() -> None:
    for name in PACKERS:
        for text in (b"<html>plain", b"plain", "<!DOCTYPE html>\r\n\tWörter".encode() * 100, "Grüße".encode("latin-1")):
            with pytest.raises(NotPacked):
                unpack(text, [name], LIMIT)
            assert is_text(text)
        assert not is_text(PACKERS[name](TEXT))
    assert unpack(b"plain", ["identity"], LIMIT) == b"plain"
    with pytest.raises(NotPacked):
        unpack(b"x", ["gzip"] * 6, LIMIT)
