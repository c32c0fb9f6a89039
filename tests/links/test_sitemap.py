"""Sitemaps are read as their sites meant them."""

from __future__ import annotations

import gzip
import tracemalloc
from functools import partial

import pytest

from crawlproj.links.sitemap import MAX_BYTES, Location, NotASitemap, is_sitemap, read_sitemap

NS = b'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>\n'
TWO = (
    b"<urlset "
    + NS
    + b">\n<url><loc>http://a/1</loc></url><url><loc>http://a/2</loc></url></urlset>"
)


packed = partial(gzip.compress, mtime=0)  # always the same bytes


def urls(body: bytes) -> list[str]:
    return [location.url for location in read_sitemap(body)]


@pytest.mark.parametrize(
    "body",
    [
        DECLARED + TWO,
        TWO,
        b"\xef\xbb\xbf\xef\xbb\xbf" + DECLARED + TWO,
        b"\xe2\x80\x8b" + DECLARED + TWO,
        b"Warning: something on line 1<br/>\n" + DECLARED + TWO,
        b"<!-- cached --><br />\n<b>Notice</b>: in <b>a file</b><br />\n" + DECLARED + TWO,
        DECLARED.replace(b"UTF-8", b"UTF-16") + TWO,
        DECLARED.replace(b"UTF-8", b"UCS-2") + TWO,
        DECLARED.replace(b"UTF-8", b"no-such-encoding") + TWO,
        (DECLARED + TWO).decode().encode("utf-16"),
        (DECLARED + TWO).decode().encode("utf-16-be"),
        TWO.replace(b"url", b"URL").replace(b"loc>", b"LOC>"),
        TWO.replace(b"<", b"<s:").replace(b"<s:/", b"</s:").replace(b"xmlns=", b"xmlns:s="),
        TWO.replace(b"</loc>", b"\n  </loc>").replace(b"<loc>", b"<loc> <![CDATA[").replace(
            b"\n  </loc>", b"]]>\n  </loc>"
        ),
        b"<urlset><url><loc>http://a/1</loc><loc>http://a/2</loc></url></urlset>",
        TWO.removesuffix(b"</url></urlset>"),
        TWO.replace(b"<url>", b"<url><!-- <loc>http://a/old</loc> -->"),
        b"http://a/1\nhttp://a/2",
        b"# a comment\r\n#\n\nhttp://a/1\nhttp://a/2",
        b"\xef\xbb\xbfhttp://a/1\r\n\r\n  http://a/2\r\n# a comment\r\n",
        packed(DECLARED + TWO),
        packed(DECLARED) + packed(TWO),
        packed(b"http://a/1\nhttp://a/2\n"),
    ],
)  # fmt: skip
def test_a_sitemap_that_is_a_little_wrong_has_its_urls(body: bytes) -> None:
    assert urls(body) == ["http://a/1", "http://a/2"]
    assert is_sitemap(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<urlset><url><loc>http://a/?a=1&b=2</loc></url></urlset>", "http://a/?a=1&b=2"),
        (b"<urlset><url><loc>http://a/?a=1&amp;b=2</loc></url></urlset>", "http://a/?a=1&b=2"),
        (b"<urlset><url><loc>http://a/?a&copy=&#x41;&#66;</loc></url></urlset>", "http://a/?a&copy=AB"),
        (
            (b"<urlset xmlns:image='i'><url><loc>http://a/</loc><image:loc>http://a/i.jpg</image:loc>"
            b"<image:image><image:loc>http://a/j.jpg</image:loc></image:image></url></urlset>"),
            "http://a/",
        ),
        ("<?xml encoding='iso-8859-1'?><urlset><url><loc>http://a/é</loc></url></urlset>".encode(
            "latin-1"), "http://a/é"),
        ("<urlset><url><loc>http://a/é</loc></url></urlset>".encode(), "http://a/é"),
        ((b"<rss><channel><link>http://a/home</link><item><title>A</title><link>http://a/1</link>"
         b"</item></channel></rss>"), "http://a/1"),
        (b"<rss><item><guid isPermaLink='true'>http://a/1</guid></item></rss>", "http://a/1"),
        (b"<rss><item><guid>17</guid><link>http://a/1</link></item></rss>", "http://a/1"),
        (b"<rss><item><guid>\n <![CDATA[http://a/1]]></guid></item></rss>", "http://a/1"),
        ((b"<feed><entry><link rel='replies' href='http://a/2' title='a > b'/>"
          b"<link title=\"it's > c\" rel='http://www.iana.org/assignments/relation/alternate' href='http://a/1'/></entry></feed>"),
         "http://a/1"),
        (b"<feed><entry><link rel='Alternate' title='a' b' href='http://a/1'/></entry>", "http://a/1"),
        (b"<rss><item><guid isPermaLink='false'>17</guid><link>http://a/1</link></item></rss>",
         "http://a/1"),
        ((b"<rdf:RDF xmlns='http://purl.org/rss/1.0/'><channel rdf:about='x'><link>http://a/</link>"
         b"</channel><item rdf:about='http://a/1'><link>http://a/1</link></item></rdf:RDF>"),
         "http://a/1"),
        ((b"<rdf:RDF xmlns:rdf='http://r/' xmlns:rss='http://purl.org/rss/1.0/'><rss:channel>"
         b"<rss:link>http://a/</rss:link></rss:channel><rss:item><link>http://b/</link>"
         b"<rss:link>http://a/1</rss:link></rss:item></rdf:RDF>"), "http://a/1"),
        ((b"<feed><link href='http://a/feed' rel='self'/><entry><link rel='edit' href='http://a/e'/>"
         b"<link href='http://a/1?x=1&amp;y'/></entry></feed>"), "http://a/1?x=1&y"),
        ((b"<feed><entry><source><link href='http://b/'/><author><uri>b</uri></author>"
         b"<link href='http://b/2'/></source><link href='http://a/1'/></entry></feed>"), "http://a/1"),
        (b"<feed><entry><source><link href='http://b/'></entry><entry><link href='http://a/1'/></entry>",
         "http://a/1"),
        ((b"<rss><item><source url='http://b/'/><image><link>http://a/i</link></image>"
         b"<link>http://a/1</link></item></rss>"), "http://a/1"),
    ],
)  # fmt: skip
def test_only_the_url_of_the_page_counts(body: bytes, expected: str) -> None:
    assert urls(body) == [expected]


def test_an_entry_may_be_its_url_without_an_element_around_it() -> None:
    index = b"<sitemapindex><sitemap>\nhttp://a/1?b&amp;c\n</sitemap><sitemap>none</sitemap>"
    assert list(read_sitemap(index)) == [Location("http://a/1?b&c", sitemap=True)]
    assert urls(b"<urlset><url>http://a/1</url><url><loc>http://a/2</loc></url>") == [
        "http://a/1",
        "http://a/2",
    ]


def test_the_picture_of_a_feed_is_no_page() -> None:
    picture = b"<image><url>http://a/logo.png</url></image>"
    item = b"<item><link>http://a/1</link></item>"
    assert urls(b"<rss><channel>" + picture + item + b"</channel></rss>") == ["http://a/1"]


def test_a_link_in_rss_may_be_one_of_atom() -> None:
    links = b'<link href="http://a/1"/><link rel="enclosure" href="http://a/1.mp3"/>'
    assert urls(b"<rss><channel><item>" + links + b"</item></channel></rss>") == ["http://a/1"]


def test_links_of_a_feed_are_relative_to_its_base() -> None:
    entry = b"<entry><link href='1'/></entry><entry><link href='http://[/'/></entry>"
    feed = b"<feed xmlns='x' xml:base='http://a/b?c&amp;d'>" + entry + b"</feed>"
    assert urls(feed) == ["http://a/1", "http://[/"]
    entry = b"<entry xml:base='c/'><link href='1'/></entry><entry><link href='2'/></entry>"
    feed = b"<feed xml:base='http://a/b/'>" + entry + b"</feed>"
    assert urls(feed) == ["http://a/b/c/1", "http://a/b/2"]


def test_a_base_that_would_make_gigabytes_of_short_urls_is_left_out() -> None:
    base = b"http://a.test/" + b"b/" * 1_000
    assert urls(b"<urlset xml:base='%b'><url><loc>c</loc></url></urlset>" % base) == ["c"]


def test_a_file_that_goes_on_without_urls_is_not_read_to_its_end() -> None:
    entry = b"<url><loc>http://a.test/%b</loc></url>"
    for tags, found in ((100_000, 2), (300_000, 1)):
        body = b"<urlset>" + entry % b"1" + b"<x>" * tags + entry % b"2"
        assert len(urls(body)) == found


def test_a_sitemap_may_be_empty() -> None:
    assert urls(b"<urlset/>") == urls(b"<?xml version='1.0'?><sitemapindex />") == []


def test_an_index_has_sitemaps_and_a_page_in_it_is_a_page() -> None:
    body = (
        b"<sitemapindex><sitemap><loc>http://a/1.xml</loc></sitemap><url><loc>http://a/p</loc>"
        b"</url><loc>http://a/2.xml</loc></sitemapindex>"
    )
    assert list(read_sitemap(body)) == [
        Location("http://a/1.xml", sitemap=True),
        Location("http://a/p"),
        Location("http://a/2.xml", sitemap=True),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><title>Not found</title>",
        b"\x89PNG\r\n",
        b"\x1f\x8b broken",
        b"User-agent: *\nDisallow: /\n",
        b'{"loc": "http://a/"}',
    ],
)
def test_what_is_not_a_sitemap_says_so(body: bytes) -> None:
    assert not is_sitemap(body)
    with pytest.raises(NotASitemap, match="urlset, sitemapindex, rss, rdf or feed"):
        read_sitemap(body)


def test_a_broken_gzip_file_has_what_came_before() -> None:
    body = b"".join(b"http://a/%d\n" % n for n in range(100_000))
    found = urls(packed(body)[:-1000])
    assert 90_000 < len(found) < 100_000
    assert found[:90_000] == [f"http://a/{n}" for n in range(90_000)]


def test_what_is_beyond_50_mib_is_left_out_and_a_large_file_is_never_whole_in_memory() -> None:
    entry = b"<url><loc>http://a/</loc><note>" + b"y" * 100_000 + b"</note></url>\n"
    body = packed(b"<urlset>" + entry * 600 + b"</urlset>", compresslevel=1)
    tracemalloc.start()
    count = sum(1 for _ in read_sitemap(body))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == -(-MAX_BYTES // len(entry))  # the last one is cut after its URL
    assert peak < 12 * 1024 * 1024


@pytest.mark.parametrize("shape", [b"<", b"<!--", b"<![CDATA[", b"<a ", b"&", b"<a href='"])
def test_hostile_markup_takes_time_in_proportion_to_its_size(shape: bytes) -> None:
    body = b"<urlset><url><loc>" + shape * (1_000_000 // len(shape))
    assert len(urls(body)) <= 1


@pytest.mark.parametrize(
    "entry",
    [
        "<url><loc>{}</loc><lastmod>2026-11-28</lastmod><changefreq>daily</changefreq></url>",
        "<url><lastmod> 2026-11-28 </lastmod><changefreq>daily</changefreq><loc>{}</loc></url>",
        (
            "<url><loc>{}</loc><changefreq>daily</changefreq><n:lastmod>2001</n:lastmod>\n"
            "<lastmod><![CDATA[2026-11-28]]></lastmod>"
        ),
    ],
)
def test_an_entry_has_its_lastmod_and_changefreq_wherever_they_are(entry: str) -> None:
    body = f"<urlset>{entry.format('http://a/1')}<url><loc>http://a/2</loc></url></urlset>"
    assert list(read_sitemap(body.encode())) == [
        Location("http://a/1", lastmod="2026-11-28", changefreq="daily"),
        Location("http://a/2"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        (
            "<rss><channel><pubDate>2001</pubDate><item><link>http://a/1</link>"
            "<pubDate>now</pubDate></item></channel></rss>"
        ),
        "<rss><channel><item><dc:date>now</dc:date><link>http://a/1</link></item></channel></rss>",
        "<rdf:RDF><item><link>http://a/1</link><dc:date>now</dc:date></item></rdf:RDF>",
        (
            "<feed><updated>2001</updated><entry><updated>now</updated><published>2002</published>"
            '<link href="http://a/1"/><source><updated>2003</updated></source></entry></feed>'
        ),
    ],
    ids=["rss", "rss-dc", "rdf", "atom"],
)
def test_a_feed_has_the_date_of_each_entry(body: str) -> None:
    assert list(read_sitemap(body.encode())) == [Location("http://a/1", lastmod="now")]
