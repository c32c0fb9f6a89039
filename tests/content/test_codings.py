from __future__ import annotations

import contextlib
import gzip
import random
import sys
import tracemalloc
import zlib
from functools import partial
from time import process_time

import brotli  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.content.codings import BadCoding, TooLarge, codings_of, decoded, looks_like_text
from tests.properties import examples

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# The time in the header would be in the name of a test, and each worker has its own.
gzipped = partial(gzip.compress, mtime=0)

TEXT = b"<p>\xc3\xa9 hello</p>" * 300


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-15)


ENCODED = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": lambda data: brotli.compress(data, quality=4),
    b"zstd": zstd.compress,
}


def flushed(data: bytes) -> bytes:
    """Return a gzip stream that its server never ended."""
    stream = zlib.compressobj(wbits=31)
    return stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)


@examples(100)
@given(st.sampled_from(sorted(ENCODED)), st.binary())
def test_what_was_encoded_is_decoded(coding: bytes, data: bytes) -> None:
    assert decoded(ENCODED[coding](data), coding, 0) == data


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"deflate", raw_deflate(TEXT)),
        (b"deflate", zlib.compress(TEXT)[:-4]),
        (b"gzip", gzipped(TEXT)[:-8]),
        (b"gzip", gzipped(TEXT)[:-5]),
        (b"gzip", gzipped(TEXT) + b"<!-- 0.02 s -->"),
        (b"gzip", gzipped(TEXT[:10]) + gzipped(TEXT[10:])),
        (b"gzip", flushed(TEXT)),
        (b"zstd", zstd.compress(TEXT[:10]) + zstd.compress(TEXT[10:])),
        (b"zstd", zstd.compress(TEXT) + b"<!-- 0.02 s -->"),
        (b"br", brotli.compress(TEXT) + b"<!-- 0.02 s -->"),
        (b"br", brotli.compress(TEXT) + b"\0"),
    ],
)
def test_what_browsers_decode_is_decoded(coding: bytes, body: bytes) -> None:
    assert decoded(body, coding, 0) == TEXT


def test_the_optional_fields_of_a_gzip_header_are_skipped() -> None:
    data = gzipped(TEXT)
    header = data[:3] + bytes([2 | 4 | 8 | 16]) + data[4:10] + b"\x03\0abcname\0comment\0\x12\x34"
    assert decoded(header + data[10:], b"gzip", 0) == TEXT


@pytest.mark.parametrize(("coding", "checksum_at"), [(b"gzip", -8), (b"deflate", -4)])
def test_a_wrong_checksum_raises(coding: bytes, checksum_at: int) -> None:
    body = bytearray(ENCODED[coding](TEXT))
    body[checksum_at] ^= 1
    with pytest.raises(BadCoding, match="checksum"):
        decoded(bytes(body), coding, 0)


@pytest.mark.parametrize("coding", ENCODED)
def test_a_body_that_ends_too_early_raises_with_what_there_was(coding: bytes) -> None:
    data = random.Random(1).randbytes(300_000)  # noqa: S311 - it must not compress
    whole = ENCODED[coding](data)
    with pytest.raises(BadCoding, match="ends too early") as caught:
        decoded(whole[: len(whole) * 2 // 3], coding, 0)
    assert data.startswith(caught.value.body)
    assert len(caught.value.body) > 100_000


@pytest.mark.parametrize("coding", [*ENCODED, b"compress", b"\xff"])
def test_another_body_raises_and_is_not_taken_for_correct(coding: bytes) -> None:
    rng = random.Random(coding)  # noqa: S311 - not a secret
    body = b"\x1f\x8b\x08\0" + rng.randbytes(500)
    with pytest.raises(BadCoding) as caught:
        decoded(body, coding, 0)
    assert len(caught.value.body) < len(body)


@pytest.mark.parametrize("coding", ENCODED)
def test_more_than_the_limit_raises_without_decoding_the_rest(coding: bytes) -> None:
    bomb = ENCODED[coding](bytes(20_000_000))
    started = process_time()
    with pytest.raises(TooLarge):
        decoded(bomb, coding, 100_000)
    assert process_time() - started < 1
    fits = ENCODED[coding](bytes(1000))
    assert decoded(fits, coding, 1000) == bytes(1000)
    with pytest.raises(TooLarge):
        decoded(fits, coding, 999)


@pytest.mark.parametrize("coding", [b"gzip", b"zstd"])
def test_parts_that_are_together_more_than_the_limit_are_not_all_decoded(coding: bytes) -> None:
    body = ENCODED[coding](bytes(1_000_000)) * 20
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decoded(body, coding, 1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("coding", [b"gzip", b"zstd"])
def test_the_time_for_empty_parts_is_bounded(coding: bytes) -> None:
    body = ENCODED[coding](b"")
    assert decoded(body * 1000, coding, 0) == b""
    started = process_time()
    with pytest.raises(BadCoding, match="more than 1000 parts"):
        decoded(body * 300_000, coding, 0)
    assert process_time() - started < 2


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd"])
@pytest.mark.parametrize(
    "text", ["User-agent: *\nDisallow: /\n", "<!doctype html>", '{"a": 1}', "moved", "x^2", "#!"]
)
def test_plain_text_is_never_decoded_to_something_else(coding: bytes, text: str) -> None:
    with pytest.raises(BadCoding):
        decoded(text.encode(), coding, 0)


@examples(50)
@given(st.binary(max_size=60), st.sampled_from(sorted(ENCODED)))
def test_no_body_raises_anything_but_bad_coding(body: bytes, coding: bytes) -> None:
    with contextlib.suppress(BadCoding, TooLarge):
        decoded(body, coding, 1000)


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ([b"gzip"], [b"gzip"]),
        ([b"GZIP , br", b"zstd"], [b"gzip", b"br", b"zstd"]),
        ([b"identity", b"", b"UTF-8", b"none,gzip"], [b"gzip"]),
    ],
)
def test_codings_are_listed_in_the_order_of_their_use(
    header: list[bytes], codings: list[bytes]
) -> None:
    assert codings_of(header) == codings


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *",
        "",
        "<p>" + "\u00e9" * 5000,
        "\u65e5\u672c\u8a9e" * 1000,
        "\ufeff<html>",
    ],
)
def test_text_looks_like_text(text: str) -> None:
    assert looks_like_text(text.encode())
    assert looks_like_text(b"x" + text.encode())
    assert looks_like_text(b"xx" + text.encode())


def test_text_in_an_older_encoding_looks_like_text() -> None:
    assert looks_like_text("<p>Stra\u00dfe und Caf\u00e9</p>".encode("latin-1"))


@pytest.mark.parametrize("coding", ENCODED)
def test_compressed_data_does_not_look_like_text(coding: bytes) -> None:
    assert not looks_like_text(ENCODED[coding](TEXT))
    assert not looks_like_text(ENCODED[coding](b"ok"))
