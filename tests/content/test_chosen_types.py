"""People name media types in their own words."""

from __future__ import annotations

import pytest

from crawlproj.content.chosen_types import ChosenTypes

PAGE = "http://a.org/"


@pytest.mark.parametrize(
    ("name", "essence"),
    [
        ("html", "text/html"),
        ("HTML", "application/xhtml+xml"),
        ("htm", "text/html"),
        ("pdf", "application/pdf"),
        ("image", "image/webp"),
        ("image/*", "image/png"),
        ("application/ld+json", "application/ld+json"),
        ("xml", "application/rss+xml"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("text", "text/csv"),
    ],
)
def test_a_name_chooses_its_types(name: str, essence: str) -> None:
    assert ChosenTypes([name]).allow(essence, PAGE)
    assert not ChosenTypes([name]).allow("font/woff2", PAGE)


def test_a_label_that_says_nothing_leaves_it_to_the_extension() -> None:
    pdf, html = ChosenTypes(["pdf"]), ChosenTypes(["html"])
    for label in ("", "application/octet-stream"):
        assert pdf.allow(label, "http://a.org/a.PDF?x=1.html")
        assert not html.allow(label, "http://a.org/a.pdf")
        assert html.allow(label, "http://a.org/about")
        assert not pdf.allow(label, "http://a.org/about")


def test_an_extension_is_wanted_if_its_type_is() -> None:
    chosen = ChosenTypes(["html", "pdf", "image/*"])
    assert all(map(chosen.allow_extension, (".pdf", ".png", ".html", ".webp")))
    assert not any(map(chosen.allow_extension, (".zip", ".tar.gz", ".docx", ".nothing")))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("pfd", "pdf"), ("htlm", "html"), ("text/", ""), ("*/*", ""), ("/pdf", "pdf")],
)
def test_an_unknown_name_is_refused_with_the_nearest_right_one(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match="is neither an extension such as pdf") as caught:
        ChosenTypes([name])
    assert (f"did you mean {meant}?" in str(caught.value)) == bool(meant)
