from __future__ import annotations

import time

import pytest

from crawlproj.content.json_ld import json_ld_in
from crawlproj.content.tree import tree_of


def read(*scripts: str, kind: str = "application/ld+json") -> list[object]:
    html = "".join(f'<script type="{kind}">{script}</script>' for script in scripts)
    return json_ld_in(tree_of(html.encode(), "utf-8"))


@pytest.mark.parametrize(
    "script",
    [
        '{"a": "b"}',
        '{"a": "b"};',
        '<![CDATA[ {"a": "b"} ]]>',
        '//<![CDATA[\n{"a": "b"}\n//]]>',
        '/*<![CDATA[*/ {"a": "b"} /*]]>*/',
        '<!-- {"a": "b"} -->',
        '<!-- a comment -->\n{"a": "b"}',
        '// a comment\n/* and one more */ {"a": "b"}',
        '\ufeff\u200b{"a": "b"}',
        "\n[ {&quot;a&quot;: &#34;b&quot;}]",
    ],
)
def test_what_stands_around_the_data_is_forgiven(script: str) -> None:
    assert read(script) in ([{"a": "b"}], [[{"a": "b"}]])


def test_a_sign_that_needs_no_backslash_may_have_one() -> None:
    assert read(r'{"a": "it\'s \\\" \"\/ 1\-2"}') == [{"a": 'it\'s \\" "/ 1-2'}]
    assert read(r'{"a": "C:\dir"}') == []


def test_numbers_that_are_not_finite_are_null_as_in_javascript() -> None:
    assert read('{"a": [NaN, -Infinity, 1e999, 1.5]}') == [{"a": [None, None, None, 1.5]}]


def test_line_breaks_and_tabs_in_strings_are_forgiven() -> None:
    assert read('{"a": "one\n\ttwo"}') == [{"a": "one\n\ttwo"}]


@pytest.mark.parametrize(
    "script",
    [
        '{"a": "// b, ]",}',
        '{"a": "// b, ]" // c, "d": 1\n}',
        '{/* "b": [1, 2] */ "a": "// b, ]"\n, }',
        '{"a": "// b, ]", // c\n // "d": 1\n /* e */ }',
    ],
)
def test_comments_and_commas_between_values_are_forgiven(script: str) -> None:
    assert read(script) == [{"a": "// b, ]"}]


@pytest.mark.parametrize(
    "script", ["", "text", '"text"', "{", '{"a": nan}', "[" * 100_000, 9000 * "1", "<!--"]
)
def test_what_cannot_be_read_is_left_out(script: str) -> None:
    assert read(script, '[{"a": 1}]') == [[{"a": 1}]]


@pytest.mark.parametrize("kind", ["Application/LD+JSON", " application/ld+json; charset=utf-8"])
def test_a_type_may_have_parameters_and_capital_letters(kind: str) -> None:
    assert read('{"a": 1}', kind=kind) == [{"a": 1}]
    assert read('{"a": 1}', kind="application/json") == []


@pytest.mark.parametrize(
    "start",
    [
        "<!--",
        "/*",
        "//",
        "<![CDATA[",
        "//<![CDATA[ ",
        '{"',
        '{"\\"',
        "{/*",
        "{,",
        "{, ",
        "{,/*",
        "{,//",
        "{,/**/",
    ],
)
def test_no_start_takes_more_than_linear_time(start: str) -> None:
    began = time.process_time()
    read(200_000 * start)
    assert time.process_time() - began < 2.0
