"""Requests as data and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import FormRequest, Request, Spider
from scrapy.http import JsonRequest

from crawlproj.frontier.base import Entry
from crawlproj.scheduling.serialize import (
    TRANSIENT_META,
    BadPayload,
    Unstorable,
    entry_of,
    found_at_of,
    key_of,
    referrer_of,
    request_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Rendered(Request):
    """Has attributes of its own, as those of plugins do."""

    __slots__ = ("__dict__", "script")

    def __init__(self, wait: tuple[int, ...], script: Any, **arguments: Any) -> None:
        self.wait, self.script = wait, script
        super().__init__(**arguments)


class Registered(Request):
    def __del__(self) -> None: ...


class Some(Spider):
    name = "some"

    def parse_more(self, response: object) -> None: ...

    def failed(self, failure: object) -> None: ...


SPIDER = Some()


def there_and_back(request: Request) -> Request:
    return request_of(entry_of(request, SPIDER, key_of(request)), SPIDER)


def item_of(kind: str) -> Callable[[Spider, object], str]:
    def parse(self: Spider, response: object) -> str:
        return f"{kind} of {self.name}"

    return parse


class Shop(Some):
    parse_book, parse_toy = item_of("book"), item_of("toy")

    def __init__(self) -> None:
        super().__init__()
        self.parse_odd = lambda _: "odd"

    def parse(self, response: object) -> str:
        return "the spider's own"

    def parse_more(self, response: object) -> None:
        """Override the base's."""

    def of_the_base(self) -> Any:
        return super().parse_more

    @staticmethod
    def parse_alone(response: object) -> object:
        return response


@pytest.mark.parametrize("name", ["parse_book", "parse_toy", "parse_more", "parse_alone"])
def test_a_callback_is_the_same_function_after_the_process_has_ended(name: str) -> None:
    here, later = Shop(), Shop()
    entry = entry_of(Request("http://a.org/", getattr(here, name)), here, 1)
    assert request_of(entry, later).callback == getattr(later, name)


def test_a_method_of_the_base_class_is_not_confused_with_its_override() -> None:
    here, later = Shop(), Shop()
    entry = entry_of(Request("http://a.org/", here.of_the_base()), here, 1)
    callback = request_of(entry, later).callback
    assert callback == later.of_the_base()
    assert callback != later.parse_more


@pytest.mark.parametrize(
    "callback_of",
    [
        lambda shop: MethodType(item_of("shirt"), shop),  # a function named "parse"
        lambda shop: shop.parse_odd,  # what __init__ made may be another function next time
        lambda _: Some().parse_more,
        lambda shop: partial(shop.parse),
    ],
)
def test_a_function_that_a_name_cannot_bring_back_is_unstorable(
    callback_of: Callable[[Shop], Any],
) -> None:
    shop = Shop()
    with pytest.raises(Unstorable, match="not a method of the spider"):
        entry_of(Request("http://a.org/", callback_of(shop)), shop, 1)


def test_a_plain_get_has_no_payload() -> None:
    assert entry_of(Request("http://a.org/"), SPIDER, 1).payload == b""


@pytest.mark.parametrize(
    "request_",
    [
        Request("http://a.org/?q=1", callback=SPIDER.parse_more, errback=SPIDER.failed, priority=3),
        Request("http://a.org/", method="PUT", body=b"\x00\xff", headers={"X": ["a", "b"]}),
        Request("http://a.org/", cookies={"a": "b"}, dont_filter=True, flags=["f"]),
        Request("http://a.org/", cb_kwargs={"n": 1, "t": (1, b"x", [None, {"a": 2.5}])}),
        Request("http://a.org/", meta={"day": date(2026, 2, 28), "in": [timedelta(-1, 5, 7)]}),
        Request("http://a.org/", meta={"at": datetime(2026, 2, 28, 1, 2, 3, 4)}),  # noqa: DTZ001
        Request("http://a.org/", meta={"at": datetime(2026, 2, 28, 1, tzinfo=UTC)}),
        Request("http://a.org/", cb_kwargs={"at": time(23, 59), "price": Decimal("1.10")}),
        FormRequest("http://a.org/", formdata={"a": "b"}),
        JsonRequest("http://a.org/", data={"a": [1]}),
    ],
)
def test_a_request_comes_back_as_it_was(request_: Request) -> None:
    back = there_and_back(request_)
    names = ("url", "method", "body", "headers", "cookies", "meta", "cb_kwargs", "priority")
    for name in (*names, "callback", "errback", "dont_filter", "flags", "encoding"):
        assert getattr(back, name) == getattr(request_, name), name


def test_a_request_of_another_class_keeps_its_class_and_attributes() -> None:
    given_ = Rendered(
        (1, 2), "scroll()", url="http://a.org/", callback=SPIDER.parse_more, headers={"X": "a"}
    )
    back = there_and_back(given_)
    assert type(back) is Rendered
    assert (back.wait, back.script, back.callback) == ((1, 2), "scroll()", SPIDER.parse_more)
    assert back.headers == given_.headers
    assert back.replace(wait=(3,), script=None).url == "http://a.org/"


def test_deeply_nested_data_is_unstorable_and_a_bad_payload_when_read() -> None:
    deep: list[Any] = []
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(Unstorable, match="too deeply nested to be stored"):
        entry_of(Request("http://a.org/", meta={"v": deep}), SPIDER, 1)
    stored = b'{"meta":{"v":' + b"[" * 200_000 + b"]" * 200_000 + b"}}"  # Python 3.13 reads 3,000
    with pytest.raises(BadPayload, match="cannot be rebuilt"):
        request_of(Entry(1, "a.org", "http://a.org/", stored), SPIDER)


_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), _data, max_size=4))
def test_any_plain_data_in_meta_survives(meta: dict[str, Any]) -> None:
    try:
        back = there_and_back(Request("http://a.org/", meta=meta))
    except Unstorable:
        assert max(str(meta)) >= "\ud800" or "__" in str(meta)
        return
    assert back.meta == {name: value for name, value in meta.items() if name not in TRANSIENT_META}


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (Request("http://a.org/", callback=print), "callback"),
        (Request("http://a.org/", meta={"x": object()}), "meta holds a object"),
        (Request("http://a.org/", cb_kwargs={"x": [{1: print}]}), "cb_kwargs holds a builtin_fun"),
        (Rendered((), script=print, url="http://a.org/"), "it is a builtin_function"),
        (Registered("http://a.org/"), "it is a Registered, which is more than its attributes"),
        (type("Nowhere", (Request,), {})("http://a.org/"), "a later process would not find"),
    ],
)
def test_a_value_that_is_not_data_is_named(request_: Request, named: str) -> None:
    with pytest.raises(Unstorable, match=named):
        there_and_back(request_)


@pytest.mark.parametrize("payload", [b"{", b"[]", b'{"callback":"gone"}', b'{"callback":"name"}'])
def test_a_payload_that_makes_no_request_raises_badpayload(payload: bytes) -> None:
    with pytest.raises(BadPayload, match=r"http://a\.org/"):
        request_of(Entry(1, "a.org", "http://a.org/", payload), SPIDER)


def test_equal_urls_have_equal_keys_and_bodies_make_a_difference() -> None:
    assert key_of(Request("http://A.org:80/x#y")) == key_of(Request("http://a.org/x"))
    assert key_of(Request("http://a.org/?b&a")) != key_of(Request("http://a.org/?a&b"))
    posts = [Request("http://a.org/", method="POST", body=body) for body in (b"1", b"2")]
    assert len({key_of(request) for request in [*posts, Request("http://a.org/")]}) == 3
    assert all(-(2**63) <= key_of(request) < 2**63 for request in posts)


_RENDERED = f"{__name__}:Rendered".encode()
OWN = [  # what is not the own part of a request
    b"5", b"{}", b'{"__set__": []}', b'{"__object__": ["subprocess:Popen", {}]}',
    b'{"__object__": ["%s", {"_headers": {}}]}' % _RENDERED,
    b'{"__object__": ["%s", 5]}' % _RENDERED,
    b'{"__object__": ["%s", {}]}' % _RENDERED.replace(b"Rendered", b"Some"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "payload"),
    [
        ("", b""), ("", b"{}"), ("no scheme", b""), ("http://a/", b"\xff"), ("http://a/", b"["),
        ("http://a/", b"[1]"), ("http://a/", b"7"), ("http://a/", b"null"),
        ("http://a/\ud800", b'{"encoding": "latin-1", "body": 5}'),
        ("http://a/", b'{"body": "text", "encoding": "no-such-encoding"}'),
        ("http://a/", b'{"body": "\\ud800"}'), ("http://a/", b'{"body": {"__bytes__": "*"}}'),
        ("http://a/", b'{"headers": {"A\\r\\nB": ["x"]}}'),
        ("http://a/", b'{"headers": {"A": ["x\\r\\nHost: b"]}}'),
        ("http://a/", b'{"headers": {"A": ["x\\u0000"]}}'), ("http://a/", b'{"headers": 5}'),
        ("http://a/", b'{"meta": {"a": {"__date__": "2026-02-30"}}}'),
        ("http://a/", b'{"meta": {"a": {"__time__": 5}}}'),
        ("http://a/", b'{"meta": {"a": {"__decimal__": "x"}}}'),
        ("http://a/", b'{"meta": {"a": {"__timedelta__": "999999999999 0 0"}}}'),
        ("http://a/", b'{"meta": {"a": {"__set__": [[1]]}}}'),
        ("http://a/", b'{"meta": {"a": {"__dict__": [1]}}}'),
        ("http://a/", b'{"meta": {"a": {"__default__": ["eval", []]}}}'),
        ("http://a/", b'{"meta": {"a": {"__zoned__": "2026-02-28 0 ../../etc/passwd"}}}'),
        ("http://a/", b'{"meta": {"a": {"__object__": ["subprocess:Popen", {}]}}}'),
        ("http://a/", b'{"meta": {"a": {"__object__": ["antigravity:x", {}]}}}'),
        ("http://a/", b'{"meta": {"a": {"__object__": 5}}}'),
        ("http://a/", b'{"meta": 5}'), ("http://a/", b'{"meta": [1]}'),
        ("http://a/", b'{"cb_kwargs": [1]}'), ("http://a/", b'{"callback": 5}'),
        ("http://a/", b'{"callback": ["parse"]}'), ("http://a/", b'{"callback": "missing"}'),
        *(("http://a/", b'{"own": %s}' % own) for own in OWN),
        ("http://a/", b'{"flags": 5}'), ("http://a/", b"[" * 100_000),
    ],
)  # fmt: skip
def test_a_corrupt_request_is_refused_and_breaks_nothing_else(url: str, payload: bytes) -> None:
    with pytest.raises(BadPayload, match="cannot be rebuilt"):
        request_of(Entry(1, "a", url, payload), SPIDER)


def test_callbacks_from_others_must_be_meant_for_pages() -> None:
    stored = Entry(1, "a", "http://a/", b'{"callback": "close"}')
    callback: Any = request_of(stored, SPIDER).callback
    assert callback == SPIDER.close
    with pytest.raises(BadPayload, match="is not a callback"):
        request_of(stored, SPIDER, shared=True)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b"", None),
        (b"{}", None),
        (b'{"headers":{"referer":["http://a.test/"]}}', "http://a.test/"),
        (b'{"headers":{"Referer":[{"bytes":"/w=="}]}}', None),
        (b'{"headers":[]}', None),
        (b"volatile", None),
    ],
)
def test_the_page_that_led_to_an_entry_is_its_referrer(payload: bytes, found: str | None) -> None:
    assert referrer_of(payload) == found


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b"", None),
        (b'{"found_at":1764412345}', 1764412345),
        (b'{"found_at":"yesterday"}', None),
        (b'{"found_at":true}', None),
        (b"[]", None),
        (b"[" * 100_000, None),
    ],
)
def test_the_time_an_entry_was_found_is_a_number_or_not_known(
    payload: bytes, found: int | None
) -> None:
    assert found_at_of(payload) == found


def test_only_the_time_it_was_found_makes_a_payload_of_a_plain_get() -> None:
    request = Request("http://a/")
    assert entry_of(request, SPIDER, 1).payload == b""
    entry = entry_of(request, SPIDER, 1, found_at=9)
    assert found_at_of(entry.payload) == 9
    assert request_of(entry, SPIDER).to_dict() == request.to_dict()
