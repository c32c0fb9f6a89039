"""Search in the tsvectors of a PostgreSQL store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.serve.search.base import BEGIN_MARK, CANDIDATES, CAPS, END_MARK, Hit, Hits
from crawlproj.serve.search.terms import tsquery
from crawlproj.store.url_ranges import EVERYTHING, where_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.serve.database.base import Connection
    from crawlproj.serve.search.terms import Query
    from crawlproj.store.url_ranges import Range

_HEADLINE = f'StartSel="{BEGIN_MARK}", StopSel="{END_MARK}", MaxWords=30, MinWords=15'
_SHOWN = 50_000  # characters in which a snippet is looked for


async def search_postgres(
    connection: Connection,
    query: Query,
    ranges: Sequence[Range],
    after: tuple[float, str] | None,
    limit: int,
) -> Hits:
    """Return the hits; see ``Search``."""
    where = "search @@ to_tsquery('simple', :query)"
    parameters: dict[str, str] = {}
    if tuple(ranges) != EVERYTHING:
        inside, parameters = where_in(ranges, 'url COLLATE "C"')
        where += f" AND {inside}"
    going_on = ""
    values: dict[str, Any] = {
        **parameters,
        "query": tsquery(query),
        "candidates": CANDIDATES + 1,
        "limit": limit,
        "headline": _HEADLINE,
        "shown": _SHOWN,
    }
    if after:
        going_on = 'WHERE (rank, url COLLATE "C") > (:after_rank, :after_url)'
        values |= {"after_rank": after[0], "after_url": after[1]}
    sql = f"""
        WITH candidates AS MATERIALIZED (
            SELECT url, -ts_rank(search, to_tsquery('simple', :query))::float8 AS rank
            FROM pages WHERE {where} LIMIT :candidates
        ), best AS (
            SELECT url, rank FROM candidates {going_on} ORDER BY rank, url COLLATE "C" LIMIT :limit
        )
        SELECT best.url, coalesce(title, ''), coalesce(ts_headline(
            'simple', left(text, :shown), to_tsquery('simple', :query), :headline
        ), ''), best.rank, (SELECT count(*) FROM candidates)
        FROM best JOIN pages ON pages.url = best.url ORDER BY best.rank, best.url COLLATE "C"
    """
    rows = (await connection.fetch(sql, values, CAPS)).rows
    hits = [Hit(url, title, snippet, rank) for url, title, snippet, rank, _ in rows]
    return Hits(hits, bool(rows) and rows[0][4] > CANDIDATES, "relevance")
