"""The statements of the PostgreSQL store."""

from __future__ import annotations

from crawlproj.store.revisions import KNOWN
from crawlproj.store.rows import CHANGE_COLUMNS, COLUMNS, LINK_COLUMNS

TYPES: dict[str, type] = {
    "status": int, "depth": int, "fetched_at": float, "failed_at": float, "skipped_at": float,
    "html": bytes, "position": int, "first_seen_at": float, "changed_at": float,
    "checked_at": float, "gone_at": float, "at": float, "since": float, "previous": bytes,
}  # fmt: skip
_SQL_TYPES = {int: "bigint", float: "double precision", str: "text", bytes: "bytea"}

# The order of bytes, which a database's own collation rarely is: prefixes are ranges in it alone,
# and `scrapy serve` reads by ranges.
SCHEMA = b"""
CREATE TABLE IF NOT EXISTS store_meta (name text PRIMARY KEY, value bigint NOT NULL);
CREATE TABLE IF NOT EXISTS pages (
    url text PRIMARY KEY, requested_url text, status bigint, title text, depth bigint,
    fetched_at double precision, first_seen_at double precision, changed_at double precision,
    checked_at double precision, gone_at double precision, etag text, last_modified text,
    history text, text_hash text, signals text, description text, canonical text, language text,
    text text, content_type text, content_hash text NOT NULL DEFAULT '', timings text,
    duplicate_of text, extra text, markdown text, main_text text, main_markdown text,
    structured_data text, headings text, images text, html bytea, file text,
    seq bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX IF NOT EXISTS pages_by_url ON pages (url COLLATE "C");
CREATE TABLE IF NOT EXISTS links (
    page text NOT NULL, position bigint NOT NULL, url text NOT NULL, text text, rel text,
    PRIMARY KEY (page, position)
);
CREATE INDEX IF NOT EXISTS links_by_target ON links USING hash (url);
CREATE INDEX IF NOT EXISTS pages_by_content ON pages (content_hash, seq) WHERE content_hash <> '';
CREATE INDEX IF NOT EXISTS pages_first ON pages (content_hash)
    WHERE content_hash <> '' AND duplicate_of IS NULL;
CREATE TABLE IF NOT EXISTS failures (
    url text PRIMARY KEY, reason text NOT NULL, detail text, status bigint, depth bigint,
    failed_at double precision
);
CREATE INDEX IF NOT EXISTS failures_by_url ON failures (url COLLATE "C");
CREATE TABLE IF NOT EXISTS skipped (
    url text PRIMARY KEY, reason text NOT NULL, detail text, depth bigint,
    skipped_at double precision
);
CREATE INDEX IF NOT EXISTS skipped_by_url ON skipped (url COLLATE "C");
CREATE TABLE IF NOT EXISTS changes (
    seq bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, url text NOT NULL, kind text NOT NULL,
    at double precision NOT NULL, since double precision, previous bytea
);
CREATE INDEX IF NOT EXISTS changes_by_url ON changes (url) WHERE kind <> 'new';
CREATE TABLE IF NOT EXISTS hints (
    url text PRIMARY KEY, lastmod double precision, changefreq text,
    noted_at double precision NOT NULL, told double precision, told_at double precision,
    vouched_at double precision
);
CREATE TABLE IF NOT EXISTS dropped_items (
    _key text PRIMARY KEY, _page text, _extra text, type text, reason text, detail text, item text,
    dropped_at double precision
);
"""
_COLUMNS = ", ".join(
    f"ADD COLUMN IF NOT EXISTS {name} {_SQL_TYPES[TYPES.get(name, str)]}"
    for name in COLUMNS["pages"]
)
ADD_COLUMNS = f"ALTER TABLE pages {_COLUMNS}".encode()
HAS_META = b"SELECT to_regclass('store_meta') IS NOT NULL"
# Whether there are no tables yet, or the user may alter them. Users that only fill them do as well.
MAY_CHANGE_SCHEMA = b"""
SELECT to_regclass('store_meta') IS NULL OR EXISTS (
    SELECT FROM pg_class WHERE oid = to_regclass('store_meta')
        AND pg_has_role(relowner, 'USAGE') AND has_schema_privilege(relnamespace, 'CREATE')
)
"""
HAS_CHANGES = b"SELECT to_regclass('changes') IS NOT NULL"
HAS_HINTS = b"SELECT to_regclass('hints') IS NOT NULL"
FOREIGN = b"""
SELECT to_regclass('store_meta') IS NULL
    AND (to_regclass('pages') IS NOT NULL OR to_regclass('failures') IS NOT NULL
         OR to_regclass('links') IS NOT NULL OR to_regclass('changes') IS NOT NULL
         OR to_regclass('hints') IS NOT NULL)
"""

# The words of a page, for STORE_SEARCH. Punctuation goes first, so that a path or an address is the
# words in it, as in SQLite. A tsvector holds 1 MB, so the index ends after 200,000 characters.
_PUNCTUATION = """!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~"""
_SPACES = " " * (len(_PUNCTUATION) - 2)


def _words(column: str, weight: str) -> str:
    plain = f"translate(left({column}, 200000), '{_PUNCTUATION}', '{_SPACES}')"
    return f"setweight(to_tsvector('simple', coalesce({plain}, '')), '{weight}')"


HAS_SEARCH = b"""
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pages'::regclass AND attname = 'search')
"""
SEARCH = f"""
SET LOCAL statement_timeout = 0;
ALTER TABLE pages ADD COLUMN search tsvector
    GENERATED ALWAYS AS ({_words("title", "A")} || {_words("text", "D")}) STORED;
CREATE INDEX pages_by_search ON pages USING gin (search);
""".encode()

# A session's settings would be another client's behind a pooler that pools transactions, so these
# hold for one. lock_timeout is in force when the next call waits for the lock. Without the limit on
# idle transactions, a worker that stands still, or whose machine is gone, would keep the lock from
# all others: for the server, a connection lives on for hours.
LIMITS = (
    b"SELECT set_config('lock_timeout', '10s', true), set_config('statement_timeout', '60s', true),"
    b" set_config('idle_in_transaction_session_timeout', '30s', true)"
)
LOCK = b"SELECT pg_advisory_xact_lock(%s)"


def _insert(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that takes an array per column, each in binary."""
    names = ", ".join(columns)
    arrays = ", ".join(f"%b::{_SQL_TYPES[TYPES.get(name, str)]}[]" for name in columns)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM unnest({arrays}) AS new ({names})"  # noqa: S608 - our own names


def _upsert(table: str) -> bytes:
    columns = COLUMNS[table]
    updates = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    statement = f"{_insert(table, columns)} ON CONFLICT (url) DO UPDATE SET {updates}"
    return statement.encode()


UPSERT = {table: _upsert(table) for table in COLUMNS}
# A page ends the other two, and a failure and a skipped URL end each other.
END_OTHERS = {
    "pages": [
        b"DELETE FROM failures WHERE url = ANY(%s)",
        b"DELETE FROM skipped WHERE url = ANY(%s)",
        b"DELETE FROM links WHERE page = ANY(%s)",
    ],
    "failures": [b"DELETE FROM skipped WHERE url = ANY(%s)"],
    "skipped": [b"DELETE FROM failures WHERE url = ANY(%s)"],
}
PUT_LINKS = _insert("links", LINK_COLUMNS).encode()
_CHECKED_ROWS = b"""
FROM unnest(%s::text[], %s::double precision[], %s::text[]) AS new (url, at, history)
WHERE pages.url = new.url
"""
NOTE_UNCHANGED = b"UPDATE pages SET checked_at = new.at, history = new.history" + _CHECKED_ROWS
CHECKED = {
    "pages": b"""
SELECT pages.url, coalesce(pages.depth, 0),
    greatest(coalesce(checked_at, fetched_at, 0), coalesce(failed_at, 0), coalesce(skipped_at, 0)),
    coalesce(failures.reason, skipped.reason, ''), coalesce(failures.status IN (404, 410), false),
    content_hash, etag, last_modified, history, '', lastmod, changefreq, noted_at,
    CASE WHEN noted_at < checked_at THEN lastmod ELSE told END,
    CASE WHEN noted_at < checked_at THEN noted_at ELSE told_at END, fetched_at
FROM pages LEFT JOIN failures ON failures.url = pages.url
    LEFT JOIN skipped ON skipped.url = pages.url LEFT JOIN hints ON hints.url = pages.url
WHERE pages.url COLLATE "C" >= %(start)s
    AND (%(end)s::text IS NULL OR pages.url COLLATE "C" < %(end)s)
ORDER BY pages.url COLLATE "C" LIMIT %(limit)s
""",
    **{
        table: f"""
SELECT url, coalesce(depth, 0), coalesce({at}, 0), reason, false, '', NULL, NULL, NULL, {leads_to}
FROM {table}
WHERE url COLLATE "C" >= %(start)s AND (%(end)s::text IS NULL OR url COLLATE "C" < %(end)s)
    AND NOT EXISTS (SELECT FROM pages WHERE pages.url = {table}.url)
ORDER BY url COLLATE "C" LIMIT %(limit)s
""".encode()  # noqa: S608 - our own names
        for table, at, leads_to in (
            ("failures", "failed_at", "''"),
            (
                "skipped",
                "skipped_at",
                "CASE reason WHEN 'redirected' THEN coalesce(detail, '') ELSE '' END",
            ),
        )
    },
}
_HINTED_PAGE = "(SELECT checked_at FROM pages WHERE pages.url = hints.url)"
PUT_HINTS = f"""
INSERT INTO hints (url, lastmod, changefreq, noted_at, vouched_at)
SELECT new.url, lastmod, changefreq, %s::double precision,
    CASE WHEN believed AND lastmod <= checked_at THEN %s::double precision END
FROM unnest(%s::text[], %s::double precision[], %s::text[], %s::bool[])
    AS new (url, lastmod, changefreq, believed) LEFT JOIN pages ON pages.url = new.url
ON CONFLICT (url) DO UPDATE SET
    told = CASE WHEN hints.noted_at < {_HINTED_PAGE} THEN hints.lastmod ELSE hints.told END,
    told_at = CASE WHEN hints.noted_at < {_HINTED_PAGE} THEN hints.noted_at ELSE hints.told_at END,
    vouched_at = CASE WHEN excluded.lastmod > {_HINTED_PAGE} THEN hints.vouched_at
        ELSE excluded.vouched_at END,
    lastmod = excluded.lastmod, changefreq = excluded.changefreq, noted_at = excluded.noted_at
""".encode()  # noqa: S608 - our own names
PUT_CHANGES = _insert("changes", CHANGE_COLUMNS).encode()
BEFORE = f"SELECT url, duplicate_of, {', '.join(KNOWN)} FROM pages WHERE url = ANY(%s)".encode()  # noqa: S608 - our own names
TEXTS = b"SELECT url, text FROM pages WHERE url = ANY(%s) AND text IS NOT NULL"
# A page is gone when the failure before was of that kind, too, and is not this one stored twice.
NOTE_GONE = b"""
WITH missing AS (
    SELECT new.url, new.status, new.at
    FROM unnest(%s::text[], %s::bigint[], %s::double precision[]) AS new (url, status, at)
    JOIN failures AS old ON old.url = new.url
    WHERE old.status = ANY(%s) AND old.failed_at IS DISTINCT FROM new.at
), gone AS (
    UPDATE pages SET gone_at = missing.at, status = missing.status FROM missing
    WHERE pages.url = missing.url AND pages.gone_at IS NULL
    RETURNING pages.url, missing.at, pages.checked_at
)
INSERT INTO changes (url, kind, at, since) SELECT url, 'gone', at, checked_at FROM gone
RETURNING url
"""
NOTE_CHECKED = b"""
UPDATE pages SET checked_at = new.at
FROM unnest(%s::text[], %s::double precision[]) AS new (url, at)
WHERE pages.url = new.url
"""
PROMOTE = b"""
WITH firsts AS (
    SELECT DISTINCT ON (content_hash) content_hash, url FROM pages
    WHERE content_hash = ANY(%(left)s) AND content_hash <> '' AND url <> ALL(%(moved)s)
    ORDER BY content_hash, seq
)
UPDATE pages SET duplicate_of = nullif(firsts.url, pages.url) FROM firsts
WHERE pages.content_hash = firsts.content_hash AND pages.content_hash <> ''
    AND pages.url <> ALL(%(moved)s)
"""
FIRSTS = b"""
SELECT content_hash, url FROM pages
WHERE content_hash = ANY(%(contents)s) AND content_hash <> '' AND duplicate_of IS NULL
    AND url <> ALL(%(moved)s)
"""
SETTLE = b"""
UPDATE pages SET duplicate_of = settled.first
FROM unnest(%s::text[], %s::text[]) AS settled (url, first)
WHERE pages.url = settled.url AND pages.duplicate_of IS DISTINCT FROM settled.first
"""
COUNT = {
    "pages": b"SELECT count(*) FROM pages",
    "failures": b"SELECT count(*) FROM failures",
    "skipped": b"SELECT count(*) FROM skipped",
    "duplicates": b"SELECT count(*) FROM pages WHERE duplicate_of IS NOT NULL",
}
