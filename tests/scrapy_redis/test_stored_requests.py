"""Stored requests of scrapy-redis: read as plain data, refused if they are more than that."""

from __future__ import annotations

import contextlib
import pickle
import re
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from scrapy import FormRequest, Request
from scrapy.http import JsonRequest

from crawlproj.scheduling.serialize import key_of_url, request_of
from crawlproj.scrapy_redis.stored_requests import Refused, RequestReader, decode
from tests.redis_spiders import Following
from tests.scheduling.kept_classes import Author, Book
from tests.scrapy_redis.queued import SPIDER, Json, url

if TYPE_CHECKING:
    from crawlproj.frontier.base import Entry

exploded: list[str] = []


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return explode, ()


def explode() -> None:
    exploded.append("it went off")


def entry_of(payload: bytes, priority: int | None = None, *, trust: bool = False) -> Entry:
    reader = RequestReader(SPIDER, trust_pickle=trust, by_domain=False)
    return reader.entry(payload, priority)


@pytest.mark.parametrize("serializer", [pickle, Json])
@pytest.mark.parametrize(
    "queued",
    [
        Request(url(1), headers={"A": ["1", "2"]}, cookies={"c": "d"}, flags=["f"], priority=-3),
        Request(url(1), callback=SPIDER.parse, cb_kwargs={"n": [1, None]}, meta={"depth": 2}),
        FormRequest(url(1), formdata={"a": "é"}, dont_filter=True, encoding="latin-1"),
        JsonRequest(url(1), data={"a": 1}),
    ],
)
def test_a_request_is_unchanged_after_it_was_moved(serializer: Any, queued: Request) -> None:
    payload = serializer.dumps(queued.to_dict(spider=SPIDER))
    entry = entry_of(payload.encode() if isinstance(payload, str) else payload)
    wanted = queued.to_dict(spider=SPIDER)
    for of_its_class in ("_class", "dumps_kwargs"):
        wanted.pop(of_its_class, None)
    assert request_of(entry, SPIDER).to_dict(spider=SPIDER) == wanted


class Rendered(Request):
    attributes = (*Request.attributes, "wait")

    def __init__(self, *args: Any, wait: int = 0, **arguments: Any) -> None:
        self.wait = wait
        super().__init__(*args, **arguments)


def test_a_request_of_a_plugin_keeps_its_class() -> None:
    queued = Rendered(url(1), callback=SPIDER.parse, wait=3)
    entry = entry_of(pickle.dumps(queued.to_dict(spider=SPIDER), protocol=-1))
    moved = request_of(entry, SPIDER)
    assert type(moved) is Rendered
    assert moved.to_dict(spider=SPIDER) == queued.to_dict(spider=SPIDER)


def test_bytes_and_tuples_in_meta_keep_their_types() -> None:
    meta = {"a": (1, b"2", [None, True, 1.5, {"k": "v"}])}
    payload = pickle.dumps(Request(url(1), meta=meta).to_dict(), protocol=-1)
    moved = request_of(entry_of(payload, 7), SPIDER)
    assert (moved.meta, moved.priority) == (meta, 7)


def test_items_of_a_trusted_pickle_are_moved_as_their_attributes() -> None:
    meta = {"item": Book(title="Emma", by=Author("Jane")), "when": date(2026, 1, 1)}
    moved = entry_of(pickle.dumps({"url": url(1), "meta": meta}), trust=True)
    assert b"pickle" not in moved.payload
    assert request_of(moved, SPIDER).meta == meta


def test_a_crawl_spiders_request_keeps_its_callback_and_link_text() -> None:
    spider = Following()
    (text,) = etree.fromstring("<a>é</a>").xpath("text()")
    assert type(text) is not str
    queued = Request(url(1), callback=spider._callback, meta={"rule": 0, "link_text": text})
    payload = pickle.dumps(queued.to_dict(spider=spider), protocol=-1)
    bare = Following.__new__(Following)  # as the command makes it
    entry = RequestReader(bare, trust_pickle=False, by_domain=False).entry(payload, None)
    moved = request_of(entry, spider)
    assert (moved.callback, moved.meta) == (spider._callback, {"rule": 0, "link_text": "é"})


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ({"url": url(1), "meta": {"when": date(2026, 1, 1)}}, "needs datetime.date, which is code"),
        ({"url": url(1), "callback": "gone"}, "'gone' is not a callback of the spider 'plain'"),
        ({"url": url(1), "callback": "name"}, "'name' is not a callback of the spider 'plain'"),
        ({"url": url(1), "errback": "_set_crawler"}, "'_set_crawler' is not a callback of"),
        ({"url": url(1), "_class": "os.system"}, "a os.system cannot be rebuilt from data"),
        ({"url": url(1), "_class": f"{__name__}.Bomb"}, "Bomb cannot be rebuilt from data"),
        ({"url": url(1), "_class": 5}, "a 5 cannot be rebuilt from data"),
        ({"url": url(1), "_class": ["a"]}, "a ['a'] cannot be rebuilt from data"),
        ({"url": "no url"}, "it does not make a request: Missing scheme"),
        ({"url": url(1), "priority": "high"}, "it does not make a request"),
        ({"meta": {}}, "not a dict with a url"),
        (["url"], "not a dict with a url"),
        (Bomb(), "explode, which is code; --trust-pickle would let it run"),
    ],
)
def test_a_request_that_cannot_be_moved_is_refused_with_the_reason(
    protocol: int, stored: object, why: str
) -> None:
    with pytest.raises(Refused, match=re.escape(why)):
        entry_of(pickle.dumps(stored, protocol))
    assert not exploded


def test_a_trusted_pickle_may_run_code_but_only_plain_data_reaches_the_frontier() -> None:
    assert entry_of(pickle.dumps({"url": url(1), "flags": [Bomb()]}), trust=True).url == url(1)
    assert exploded.pop() == "it went off"
    with pytest.raises(Refused, match="its meta holds a Fraction, which is not plain data"):
        entry_of(pickle.dumps({"url": url(1), "meta": {"d": Fraction(1, 2)}}), trust=True)


TEXT = b"\x80\x02clxml.etree\n_ElementUnicodeResult\n"
SHARED = b"\x80\x02]q\x00" + b"".join(b"]q%c(h%ch%ce" % (n, n - 1, n - 1) for n in range(1, 40))


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\x80\x02Nr\xff\xff\xff\xff.", "numbers more values than it can contain"),
        (b"\x80\x02\x82\x01.", "uses the opcode EXT1, which may run code"),
        (TEXT + b"K\x01\x85\x81.", "makes text from a value of type int"),
        (TEXT + b"}b.", "the pickle is malformed: TypeError"),  # tries to change the class
        (TEXT + b".", "not a dict with a url"),
        (b"\x80\x02}q\x00", "the pickle is malformed"),
        (b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.", "contains itself"),
        (SHARED + b".", "contains itself, or more than 100,000"),
    ],
)
def test_a_malicious_pickle_is_refused(payload: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        decode(payload)


@given(
    st.sampled_from([b"{}", *(pickle.dumps({"url": url(1), "b": Bomb()}, p) for p in range(6))]),
    st.integers(0, 120),
    st.binary(max_size=4),
)
def test_a_damaged_pickle_is_read_or_refused_and_never_run(
    payload: bytes, at: int, damage: bytes
) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(decode(payload[:at] + damage + payload[at + len(damage) :])["url"], str)
    assert not exploded


def test_a_pickle_that_is_nested_too_deeply_is_refused() -> None:
    deep = b"]" * 3000 + b"a" * 2999  # pickle.dumps would give up
    payload = pickle.dumps({"url": url(1), "meta": {"v": 0}}, protocol=1).replace(b"K\x00", deep)
    with pytest.raises(Refused, match=r"^too deeply nested to be stored"):
        entry_of(payload)


def test_a_request_with_dont_filter_gets_a_key_of_its_own() -> None:
    def key(**more: Any) -> int:
        return entry_of(pickle.dumps(Request(url(1), **more).to_dict(), protocol=-1)).key

    assert key() == key_of_url(url(1)) == key(dont_filter=True, meta={"is_start_request": True})
    assert key(dont_filter=True) == key(dont_filter=True) != key()
    assert key(dont_filter=True) != key(dont_filter=True, meta={"n": 1})


def test_with_by_domain_all_hosts_of_a_domain_share_a_queue() -> None:
    reader = RequestReader(SPIDER, trust_pickle=False, by_domain=True)
    payload = pickle.dumps({"url": "http://www.example.co.uk/"})
    assert reader.entry(payload, None).site == "example.co.uk"
    assert reader.done_entry("http://x.example.co.uk/").site == "example.co.uk"
