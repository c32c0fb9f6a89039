from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.examples.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop
