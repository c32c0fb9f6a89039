from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    with DemoWeb([SiteSpec("plain", "small", pages=150)], tmp_path / "access.log") as running:
        yield running
