from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.frontier.helpers import run
from tests.store.backends import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.store.backends import Backend


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each store in turn, open and empty."""
    made = BACKENDS[request.param](request)
    run(made.store.open())
    yield made
    run(made.store.close())
