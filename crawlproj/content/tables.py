"""Tables as Markdown can have them: rows of equally many cells, without blocks in them.

The parser writes others as HTML, with all that is in it, such as scripts and styles.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.content.tree import Tree

    Row = list[Element | None]  # its cells, and None for each place that another one covers

_MAX_CELLS = 20_000  # of all tables of a page, with those that are added; others become blocks
_MAX_COLUMNS = 100
_SPANS = ("colspan", "rowspan")
_GROUPS = frozenset(("thead", "tbody", "tfoot"))
_CELLS = frozenset(("td", "th"))
_LISTS = "ul,ol,menu,li"


@contextmanager
def as_grids(node: Tree | Element) -> Iterator[dict[Element, str]]:
    """Fill up the rows of tables in ``node`` with empty cells for a while.

    Yields the elements that are to be read as others, and as what: tables that only lay out the
    page are blocks, and lists in a cell are lines.
    """
    read_as: dict[Element, str] = {}
    added: list[Element] = []
    removed: list[tuple[Element, str, str]] = []
    left = _MAX_CELLS
    for table in node.select("table"):
        rows = {row: _children(row, _CELLS) for row in _rows_of(table)}
        cells = list(chain.from_iterable(rows.values()))
        grid: list[Row] = []
        if left >= 0 and not _is_layout(table, list(rows.values())):
            grid = _grid(list(rows.values()))
            left -= sum(map(len, grid))
        if left < 0 or not grid:
            around = filter(None, map(_parent, rows))
            read_as |= dict.fromkeys(chain([table], around, rows, cells), "div")
            continue
        for row, places in zip(rows, grid, strict=True):
            if rows[row]:
                added += _filled(row, places)
            else:
                read_as[row] = "style"  # the parser leaves it out
        for cell in cells:
            removed += [(cell, name, value) for name, value in _spans_of(cell)]
            if lists := cell.select(_LISTS):
                read_as |= dict.fromkeys(lists, "span")
                added += _broken(cell.select("li")[1:])
    for cell, name, _ in removed:
        del cell.attrs[name]
    try:
        yield read_as
    finally:
        for cell, name, value in removed:
            cell.attrs[name] = value
        for each in added:
            each.extract()


def _rows_of(table: Element) -> list[Element]:
    rows = []
    for each in _children(table, _GROUPS | {"tr"}):
        rows += [each] if each.tag == "tr" else _children(each, frozenset({"tr"}))
    return rows


def _children(element: Element, tags: frozenset[str]) -> list[Element]:
    return [each for each in element.children if isinstance(each, Element) and each.tag in tags]


def _parent(element: Element) -> Element | None:
    return parent if isinstance(parent := element.parent, Element) else None


def _is_layout(table: Element, rows: list[list[Element]]) -> bool:
    """Whether a table has no rows of data: it holds another one, a heading, or a single column."""
    if not rows or table.attr("role") in {"presentation", "none"}:
        return True
    if table.find("table") is not None:
        return True
    if any(cell.tag == "th" for cells in rows for cell in cells):
        return False
    return (
        all(len(cells) <= 1 for cells in rows) or table.select_one("h1,h2,h3,h4,h5,h6") is not None
    )


def _spans_of(cell: Element) -> list[tuple[str, str]]:
    return [(name, value) for name in _SPANS if (value := cell.attr(name)) is not None]


def _span(cell: Element, name: str, most: int) -> int:
    value = (cell.attr(name) or "").strip()
    return max(1, min(int(value[:4]), most)) if value.isdecimal() else 1


def _grid(rows: list[list[Element]]) -> list[Row]:
    """Return the rows of a table, all of them as long, by the spans of its cells."""
    grid: list[Row] = []
    covered: dict[int, int] = {}  # column → how many more rows a cell above covers it
    for number, cells in enumerate(rows):
        row: Row = []
        for cell in cells:
            _cover(row, covered)
            columns = _span(cell, "colspan", _MAX_COLUMNS)
            for column in range(len(row), len(row) + columns):
                covered[column] = _span(cell, "rowspan", len(rows) - number) - 1
            row += [cell, *[None] * (columns - 1)]
        _cover(row, covered)
        grid.append(row)
    width = max(map(len, grid), default=0)
    return [row + [None] * (width - len(row)) for row in grid]


def _cover(row: Row, covered: dict[int, int]) -> None:
    while covered.get(len(row), 0) > 0:
        covered[len(row)] -= 1
        row.append(None)


def _filled(row: Element, places: Row) -> list[Element]:
    added = []
    before = None
    for cell in places:
        if cell is None:
            added.append(new := Element("td"))
            if before is None:
                row.insert(0, new)
            else:
                before.insert_after(new)
            before = new
        else:
            before = cell
    return added


def _broken(items: list[Element]) -> list[Element]:
    added = []
    for item in items:
        added.append(new := Element("br"))
        item.insert_before(new)
    return added
