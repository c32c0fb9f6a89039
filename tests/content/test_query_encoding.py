"""Queries in pages that are not UTF-8; the expected bytes are those that Chromium sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.content.query_encoding import escaped_query
from crawlproj.content.tree import encoding_of


@pytest.mark.parametrize(
    ("encoding", "text", "query"),
    [
        ("windows-1252", "ü→", "%FC%26%238594%3B"),
        ("ISO-8859-8-I", "שלום", "%F9%EC%E5%ED"),
        ("windows-874", "ไทย", "%E4%B7%C2"),
        ("x-mac-cyrillic", "Ґґ", "%A2%B6"),
        ("KOI8-U", "Ўў", "%BE%AE"),
        ("x-user-defined", "é", "%26%23233%3B"),
        ("EUC-KR", "똠방", "%8Cc%B9%E6"),
        ("Shift_JIS", "①髙～−¥\ue000", "%87@%FB%FC%81`%81|\\%26%2357344%3B"),
        ("EUC-JP", "①㈱～−‾", "%AD%A1%AD%EA%A1%C1%A1%DD~"),
        ("ISO-2022-JP", "日本é", "%1B$BF|K\\%1B(B%26%23233%3B"),
        ("Big5", "十ぁ・", "%A4Q%C6%E7%26%2312539%3B"),
        ("GBK", "€丂", "%80%81@"),
        ("gb18030", "€㐀ḿ", "%A2%E3%819%EE9%A8%BC"),
        ("UTF-8", "é", "é"),
        ("UTF-16LE", "é", "é"),
        ("replacement", "é", "é"),
        (None, "é", "é"),
    ],
)
def test_a_query_is_escaped_as_browsers_send_it(
    encoding: str | None, text: str, query: str
) -> None:
    assert escaped_query(f"é?a=1&b={text}", encoding) == f"é?a=1&b={query}"


def test_what_is_not_a_query_is_left_as_it_is() -> None:
    links = ["é", "é#é?é", "?a=1", "?é#é"]
    assert [escaped_query(link, "windows-1252") for link in links] == [*links[:3], "?%E9#%E9"]


@given(
    st.sampled_from(
        ["866", "logical", "tis-620", "gb2312", "big5", "sjis", "korean", "hz-gb-2312"]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
)
def test_any_query_has_an_escaped_form(label: str, text: str) -> None:
    escaped_query(f"?{text}", encoding_of(label))
