"""The encoding in an XML declaration counts in HTML too, as in browsers.

The declarations are those of Web Platform Tests, html/syntax/xmldecl/support.
"""

from __future__ import annotations

import pytest

from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of
from crawlproj.content.xml_declaration import declared_encoding


@pytest.mark.parametrize(
    ("declaration", "label"),
    [
        ('<?xml version="1.0" encoding="windows-1251"?>', "windows-1251"),
        ("<?xml version='1.0' encoding='cp1251'?>", "cp1251"),
        ('<?xml encoding="windows-1251"?>', "windows-1251"),
        ('<?xml encoding = \n "windows-1251">', "windows-1251"),
        ('<?xmlencoding\x00=\x1f"windows-1251"', "windows-1251"),
        (f'<?xml {"x" * 1024} encoding="windows-1251"?>', "windows-1251"),
        ('<?xml charset="koi8-r" encoding="windows-1251"?>', "windows-1251"),
        ('<?xml version="1.0" encoding="UTF-16LE"?>', "utf-8"),
        ('<?XML version="1.0" encoding="windows-1251"?>', ""),
        ('<?xml version="1.0" ENCODING="windows-1251"?>', ""),
        (' <?xml version="1.0" encoding="windows-1251"?>', ""),
        ('<?xml version="1.0"> encoding="windows-1251"?>', ""),
        ('<?xml version="1.0" encodingencoding="windows-1251"?>', ""),
        ('<?xml version="1.0" encoding=encoding="windows-1251"?>', ""),
        ('<?xml version="1.0" encoding=windows-1251?>', ""),
        ('<?xml version="1.0" encoding=\'windows-1251"?>', ""),
        ('<?xml version="1.0" encoding=" windows-1251 "?>', ""),
        ("", ""),
    ],
)
def test_the_encoding_of_a_declaration_is_read_as_browsers_do(declaration: str, label: str) -> None:
    assert declared_encoding(declaration.encode()) == label


DECLARED = '<?xml version="1.0" encoding="windows-1251"?>'


@pytest.mark.parametrize(
    ("html", "label", "encoding"),
    [
        (DECLARED + "<p>ж", "", "windows-1251"),
        (DECLARED + "<p>ж", "koi8-r", "KOI8-R"),
        (DECLARED + "<meta charset=koi8-r><p>ж", "", "KOI8-R"),
        (
            DECLARED + "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>ж",
            "",
            "KOI8-R",
        ),
        (DECLARED + "<meta http-equiv=Content-Type content=text/html>ж", "", "windows-1251"),
        ("<?xml encoding='hex'?><p>ж", "", "UTF-8"),
        ("<?x ?><meta charset=koi8-r><p>ж", "", "UTF-16LE"),
        ("<?x ?><p>ж", "", "UTF-16BE"),
        ("<?x ?><p>ж", "utf-16be", "UTF-16BE"),
    ],
)
def test_the_header_and_meta_win_over_the_declaration(html: str, label: str, encoding: str) -> None:
    tree = tree_of(html.encode(encoding), label)
    assert tree.encoding == encoding
    assert text_of(tree) == "ж"


XHTML = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{}</p></body></html>'


@pytest.mark.parametrize(
    ("prolog", "encoding", "label", "word"),
    [
        ("\ufeff", "utf-16le", "", "ж"),
        ("\ufeff", "utf-16be", "windows-1252", "ж"),
        ("<?xml version='1.0'?>", "utf-16le", "", "ж"),
        ("<?xml version='1.0' encoding='windows-1250'?>", "windows-1250", "", "ć"),
        ("", "cp874", "windows-874", "ไทย"),
        ("", "iso8859-8", "iso-8859-8-i", "שלום"),
        ("", "mac-cyrillic", "x-mac-cyrillic", "ж"),
        ("", "cp949", "euc-kr", "똠"),
    ],
)  # fmt: skip
def test_xhtml_in_any_encoding_of_the_web_is_read(
    prolog: str, encoding: str, label: str, word: str
) -> None:
    page = (prolog + XHTML.format(word)).encode(encoding)
    assert text_of(tree_of(page, label, xhtml=True)) == word


def test_xhtml_that_a_browser_must_not_read_has_no_text() -> None:
    assert text_of(tree_of(XHTML.format("x").encode(), "iso-2022-kr", xhtml=True)) == "\ufffd"
