"""Tables are rows of cells in Markdown, and never HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.written import markdown


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("<tr><th>a<th>b<tr><td colspan=2>c", ["| a | b |", "| --- | --- |", "| c |  |"]),
        (
            "<tr><th>a<th>b<tr><td>1<td>2<td>3",
            ["| a | b |  |", "| --- | --- | --- |", "| 1 | 2 | 3 |"],
        ),
        ("<tr><th>a<th>b<tr><tr><td>c", ["| a | b |", "| --- | --- |", "| c |  |"]),
        ("<tr><th>a<th hidden>h<th>b<tr><td>1<td>2", ["| a | b |", "| --- | --- |", "| 1 | 2 |"]),
        (
            "<tr><th rowspan=2>a<th>b<th colspan=2>c<tr><td>d<td>e<td rowspan=9>f<tr><td>g<td>h",
            [
                "| a | b | c |  |",
                "| --- | --- | --- | --- |",
                "|  | d | e | f |",
                "| g | h |  |  |",
            ],
        ),
        (
            "<tr><th>a<td><ul class=x><li>1<li>2<ul><li>3</ul></ul>",
            ["| a | 1<br>2<br>3 |", "| --- | --- |"],
        ),
    ],
)
def test_a_row_has_a_cell_for_each_column(table: str, rows: list[str]) -> None:
    assert markdown(f"<table class=x>{table}</table>").splitlines() == rows


@pytest.mark.parametrize(
    "table",
    [
        "<tr><td><table><tr><td><h1>T</h1><td><p>one<p>two</table>",
        "<tr><td><h1>T</h1><p>one<td>two",
        "<tr><td><h1>T</h1><tr><td>one<tr><td><script>x</script>two",
        "<tbody role=x><tr><td><h1>T</h1><p>one<td hidden>no<td>two",
    ],
)
def test_a_table_that_lays_out_the_page_is_no_table(table: str) -> None:
    assert markdown(f"<table>{table}</table>").split() == ["#", "T", "one", "two"]


def test_a_table_of_too_many_cells_is_no_table() -> None:
    rows = "<tr><th>a<td colspan=99 rowspan=999>b" + "<tr><td>c" * 999
    assert set(markdown(f"<table>{rows}</table>").split()) == {"a", "b", "c"}


@given(
    st.lists(
        st.sampled_from(
            ["<table>", "<tr>", "<td colspan=3>", "<td rowspan=0>", "<th>a", "</table>", "<li>b"]
        )
    )
)
def test_any_table_is_read_and_put_back(parts: list[str]) -> None:
    assert "<t" not in markdown("".join(parts))
