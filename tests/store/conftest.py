"""The PostgreSQL server shared by the tests in this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    if why := Postgres.missing():
        pytest.skip(why)
    with Postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server
