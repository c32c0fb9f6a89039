"""Filters that leave nothing are an error, because they would replace a file by an empty one."""

from __future__ import annotations

import pytest

from crawlproj.errors import ConfigError
from crawlproj.export.selection import Filters


@pytest.mark.parametrize("until", [99.0, 100.0])
def test_rows_that_end_before_they_begin_are_an_error(until: float) -> None:
    with pytest.raises(ConfigError, match="--since is not before --until"):
        Filters(since=100.0, until=until).check("pages")
    Filters(since=100.0, until=100.5).check("pages")
