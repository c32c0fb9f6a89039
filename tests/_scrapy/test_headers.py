"""Headers are read as Scrapy's own methods read them."""

from __future__ import annotations

import pytest
from scrapy.http import Headers

from crawlproj._scrapy.headers import value_of, values_of

HEADERS = Headers({"ETag": ['"a"', '"b"'], "x-robots-tag": "none", "Empty": "", "No-Value": []})


@pytest.mark.parametrize("name", [b"Etag", b"X-Robots-Tag", b"Empty", b"No-Value", b"Missing"])
def test_values_are_those_that_scrapy_returns(name: bytes) -> None:
    assert value_of(HEADERS, name) == HEADERS.get(name)
    assert list(values_of(HEADERS, name)) == HEADERS.getlist(name)
