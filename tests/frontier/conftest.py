from __future__ import annotations

import pytest

from tests.frontier.helpers import Now


@pytest.fixture
def now() -> Now:
    return Now()
