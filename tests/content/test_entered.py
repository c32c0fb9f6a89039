"""The fields of a form say what a change form is about."""

from __future__ import annotations

from scrapy.http import HtmlResponse

from crawlproj.content.entered import entered_in, with_entered
from crawlproj.content.tree import tree_of

FORM = b"""<form>Title <input name=title value="A  book"><textarea name=about>Of
cats</textarea><select name=kind><option>novel<option selected>poem</select>
<input type=checkbox name=lent value=yes checked><input type=checkbox name=sold value=yes>
<input type=hidden name=csrf value=T0KEN><input type=password name=pw value=secret>
<input type=submit value=Save></form>"""


def test_what_fields_hold_is_read_without_tokens_passwords_and_buttons() -> None:
    tree = tree_of(FORM, "utf-8", xhtml=False)
    assert entered_in(tree).split("\n") == [
        *("title: A book", "about: Of cats", "kind: poem", "lent: yes")
    ]


def test_a_page_without_a_form_has_nothing_entered() -> None:
    assert entered_in(tree_of(b"<p>Text", "utf-8", xhtml=False)) == ""


def test_what_is_entered_comes_below_the_text() -> None:
    response = HtmlResponse("http://a/", body=FORM)
    assert with_entered("Title", response).split("\n")[:2] == ["Title", "title: A book"]
