"""Search in an FTS5 index, in steps whose cost is bounded however common the words are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.serve.database.base import Caps
from crawlproj.serve.search.base import (
    BEGIN_MARK,
    CANDIDATES,
    CAPS,
    END_MARK,
    Hit,
    Hits,
)
from crawlproj.serve.search.terms import fts5, fts5_term
from crawlproj.store.url_ranges import EVERYTHING, where_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.serve.database.base import Connection
    from crawlproj.serve.search.base import Ranking
    from crawlproj.serve.search.terms import Query
    from crawlproj.store.url_ranges import Range

_LOOKED_AT = 20_000  # matching pages, when only those of some URLs are wanted
_RARE = 3000  # pages: bm25() visits every page that has a word, to see how rare it is
_MATCH = "pages_search MATCH :query"


async def search_sqlite(
    connection: Connection,
    query: Query,
    ranges: Sequence[Range],
    after: tuple[float, str] | None,
    limit: int,
) -> Hits:
    """Return the hits; see ``Search``."""
    parameters: dict[str, Any] = {"query": fts5(query)}
    candidates, bounded = await _candidates(connection, parameters, ranges)
    if not candidates:
        return Hits([], bounded, "relevance")
    ranking: Ranking = "relevance" if await _all_rare(connection, query) else "title"
    if ranking == "title":
        parameters["in_title"] = f"{{title}} : ({' AND '.join(map(fts5_term, query.wanted))})"
    ranked = await _ranked(connection, parameters, candidates, ranking, after, limit)
    return Hits(await _shown(connection, parameters, ranked), bounded, ranking)


async def _candidates(
    connection: Connection, parameters: dict[str, Any], ranges: Sequence[Range]
) -> tuple[list[int], bool]:
    """Return the row numbers of the first pages that match, and whether there are more."""
    matching = f"SELECT rowid FROM pages_search WHERE {_MATCH} LIMIT :look"
    if tuple(ranges) == EVERYTHING:
        sql = matching
        more: dict[str, Any] = {"look": CANDIDATES + 1}
    else:
        inside, bounds = where_in(ranges, "url")
        sql = (
            f"SELECT pages.rowid FROM ({matching}) AS matching JOIN pages "
            f"ON pages.rowid = matching.rowid WHERE {inside}"
        )
        more = {"look": _LOOKED_AT, **bounds}
    found = await connection.fetch(sql, {**parameters, **more}, CAPS)
    rows = [row[0] for row in found.rows]
    bounded = len(rows) > CANDIDATES
    if not bounded and tuple(ranges) != EVERYTHING:
        bounded = await _count(connection, parameters["query"], _LOOKED_AT) == _LOOKED_AT
    return rows[:CANDIDATES], bounded


async def _all_rare(connection: Connection, query: Query) -> bool:
    for term in (*query.wanted, *query.unwanted):
        if await _count(connection, fts5_term(term), _RARE) == _RARE:
            return False
    return True


async def _count(connection: Connection, query: str, most: int) -> int:
    """Return how many pages match, at most ``most``."""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM pages_search WHERE {_MATCH} LIMIT :most)"
    found = await connection.fetch(sql, {"query": query, "most": most}, Caps(1, 100))
    return int(found.rows[0][0])


async def _ranked(
    connection: Connection,
    parameters: dict[str, Any],
    candidates: Sequence[int],
    ranking: Ranking,
    after: tuple[float, str] | None,
    limit: int,
) -> list[Sequence[Any]]:
    """Return (row number, URL, rank) of the next hits."""
    if ranking == "relevance":
        rank = "bm25(pages_search, 5, 1)"
        ranks = f"SELECT rowid AS id, {rank} AS rank FROM pages_search WHERE {_MATCH}"
    else:
        titles = "SELECT rowid FROM pages_search WHERE pages_search MATCH :in_title"
        ranks = (
            f"SELECT value AS id, iif(value IN ({titles} AND rowid <= :last), -1.0, 0.0) AS rank "
            "FROM json_each(:candidates)"
        )
    sql = (
        f"SELECT id, url, rank FROM ({ranks}) AS ranked JOIN pages ON pages.rowid = id "
        "WHERE id IN (SELECT value FROM json_each(:candidates))"
        + (" AND (rank, url) > (:after_rank, :after_url)" if after else "")
        + " ORDER BY rank, url LIMIT :limit"
    )
    values: dict[str, Any] = {
        "query": parameters["query"],
        "candidates": str(list(candidates)),
        "limit": limit,
    }
    if ranking == "title":
        values |= {"in_title": parameters["in_title"], "last": max(candidates)}
    if after:
        values |= {"after_rank": after[0], "after_url": after[1]}
    return (await connection.fetch(sql, values, CAPS)).rows


async def _shown(
    connection: Connection, parameters: dict[str, Any], ranked: Sequence[Sequence[Any]]
) -> list[Hit]:
    """Return the hits with their titles and snippets, which are expensive."""
    sql = (
        f"SELECT rowid, title, snippet(pages_search, 1, '{BEGIN_MARK}', '{END_MARK}', ' … ', 30) "
        f"FROM pages_search WHERE {_MATCH} AND rowid IN (SELECT value FROM json_each(:rows))"
    )
    rows = str([row[0] for row in ranked])
    found = await connection.fetch(sql, {"query": parameters["query"], "rows": rows}, CAPS)
    texts = {row[0]: (row[1] or "", row[2] or "") for row in found.rows}
    return [Hit(url, *texts.get(row, ("", "")), rank) for row, url, rank in ranked]
