"""Parameters and cursors are checked, and every error names the parameter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from crawlproj.serve.web.cursors import Cursor, cursor_of
from crawlproj.serve.web.parameters import (
    Choice,
    Flag,
    Integer,
    Names,
    Number,
    Parameter,
    Text,
    read_parameters,
)
from crawlproj.serve.web.problems import Problem

DECLARED = [
    Parameter("site", Text(10), "a site"),
    Parameter("limit", Integer(1, 5), "how many", default=3),
    Parameter("deep", Flag(), "whether deep"),
    Parameter("after", Number(), "since when"),
    Parameter("form", Choice(("csv", "json")), "which form"),
    Parameter("fields", Names(("title", "status")), "which fields"),
    Parameter("q", Text(10), "what to look for", required=True),
]


def read(query: str) -> dict[str, Any]:
    return read_parameters(DECLARED, QueryParams(query), {})


def refused(query: str) -> str:
    with pytest.raises(Problem) as raised:
        read(query)
    return raised.value.detail


def test_values_come_in_their_types_and_the_others_have_their_defaults() -> None:
    assert read("q=a&limit=5&deep=true&after=1.5&form=csv&fields=status,title,status") == {
        "site": None,
        "limit": 5,
        "deep": True,
        "after": 1.5,
        "form": "csv",
        "fields": ("status", "title"),
        "q": "a",
    }
    assert read("q=a")["limit"] == 3


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("q=a&limit=6", "limit must be a whole number from 1 to 5"),
        ("q=a&limit=١", "limit must be a whole number"),
        ("q=a&limit=1_0", "limit must be a whole number"),
        ("q=a&deep=maybe", "deep must be true or false"),
        ("q=a&after=nan", "after must be a finite number"),
        ("q=a&form=cvs", r"did you mean csv"),
        ("q=a&fields=titel", "did you mean title"),
        ("q=a&site=", "site must have 1 to 10 characters"),
        ("q=a&site=%00", "site must not contain NUL"),
        ("q=a&sit=x", "sit is not a parameter of this path"),
        ("q=a&q=b", "q is given twice"),
        ("", "q is missing: what to look for"),
    ],
)
def test_an_error_names_the_parameter_and_says_what_it_must_be(query: str, message: str) -> None:
    assert message in refused(query)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_cursor_stands_for_its_key(text: str) -> None:
    assert Cursor((str, int)).read(cursor_of(text, 7)) == (text, 7)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!!",
        cursor_of(1),
        cursor_of("a", "b"),
        cursor_of("\0"),
        "WyJcdWQ4MDAiXQ",  # ["\ud800"]
        "W1tbW1tbW1tb" * 1000,
        "é",
    ],
)
def test_a_cursor_that_is_not_of_this_path_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="is not a cursor of this path"):
        Cursor((str,)).read(cursor)


def test_a_number_in_a_cursor_fits_a_column() -> None:
    with pytest.raises(ValueError, match="is not a cursor"):
        Cursor((int,)).read(cursor_of(2**63))
    with pytest.raises(ValueError, match="is not a cursor"):
        Cursor((int,)).read(cursor_of(True))
