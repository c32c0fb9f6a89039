"""Fields and robots directives of well-formed pages."""

from __future__ import annotations

from scrapy.http import HtmlResponse, TextResponse

from crawlproj.links import LinkExtractor
from crawlproj.links.html import page_fields, robots_directives


def test_a_page_has_title_description_language_canonical_and_text() -> None:
    html = """<html lang="de"><head><title> Ein
      Titel </title><META NAME="Description" content=" kurz "><link rel="canonical" href="../c#x">
      <style>p{}</style></head><body><h1>Hallo</h1><p>Welt &amp;  mehr</p><script>nein()</script>
      </body></html>"""
    response = HtmlResponse("http://a.example/x/y", body=html.encode(), encoding="utf-8")
    fields = page_fields(response)
    assert (fields.title, fields.description, fields.language) == ("Ein Titel", "kurz", "de")
    assert fields.canonical == "http://a.example/c"
    assert fields.text == "Hallo Welt & mehr"


def test_fields_and_links_are_the_same_in_either_order() -> None:
    html = '<a href="/a">a</a><noscript><a href="/b">b</a></noscript><script>x</script>'
    first, second = (HtmlResponse("http://a.example/", body=html.encode()) for _ in range(2))
    fields = page_fields(first)
    assert LinkExtractor().extract_urls(first) == LinkExtractor().extract_urls(second)
    assert page_fields(second) == fields


def test_an_empty_page_and_a_wrong_encoding_do_not_raise() -> None:
    assert page_fields(HtmlResponse("http://a.example/", body=b"")).text == ""
    broken = HtmlResponse("http://a.example/", body=b"<p>caf\xe9</p>", encoding="utf-8")
    assert page_fields(broken).text.startswith("caf")
    latin = HtmlResponse("http://a.example/", body=b"<p>caf\xe9</p>", encoding="latin-1")
    assert page_fields(latin).text == "café"


def test_the_text_of_a_plain_text_file_is_its_content() -> None:
    response = TextResponse("http://a.example/t.txt", body=b"one\n two", encoding="utf-8")
    assert page_fields(response).text == "one two"


def test_robots_directives_come_from_the_page_and_the_header() -> None:
    def directives(html: str, *headers: str) -> tuple[bool, bool]:
        found = robots_directives(
            HtmlResponse(
                "http://a.example/", body=html.encode(), headers={"X-Robots-Tag": list(headers)}
            ),
            "crawlproj",
        )
        return found.noindex, found.nofollow

    assert directives("<p>") == (False, False)
    assert directives('<meta name="ROBOTS" content="none">') == (True, True)
    assert directives('<meta name="crawlproj" content="noindex">') == (True, False)
    assert directives('<meta name="googlebot" content="noindex">') == (False, False)
    assert directives("<p>", "noindex, nofollow") == (True, True)
    assert directives("<p>", "otherbot: noindex", "crawlproj: nofollow") == (False, True)
