"""Stores to serve, one of each kind."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers import Postgres

NUMBERS = count()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a store that does not exist yet, the same for all tests of a module."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('store')}/crawl.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(f"served{next(NUMBERS)}")
