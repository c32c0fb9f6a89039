"""The description is right: what it allows is answered as it says, what it forbids is refused."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import given
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.serve.app import api_endpoints
from crawlproj.serve.service import Service
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import entry, put, run
from tests.properties import examples
from tests.serve.helpers import config, failure, page
from tests.serve.live import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description of a server, which schemathesis turns into requests."""
    path = tmp_path_factory.mktemp("store") / "crawl.db"
    url = f"sqlite:///{path}"
    store = store_from_url(url, search=True)
    run(store.open())
    rows = [page(f"http://a.test/{n}", title="0", text="0 a é") for n in range(20)]
    run(store.write([*rows, failure("http://a.test/f", "timeout")]))
    run(store.close())
    frontier = SqliteFrontier(path)
    run(frontier.open("job"))
    put(frontier, entry(1))
    run(frontier.close())
    with listening(config(url, url)) as (address, _):
        yield schemathesis.openapi.from_url(f"{address}/api/openapi.json")


ENDPOINTS = api_endpoints(Service.from_config(config("sqlite:///none.db")))
NAMES = [endpoint.name for endpoint in ENDPOINTS]
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
NEVER_WRONG = {"summary", "site", "url"}  # these take nothing, or any text
CASES = [(name, POSITIVE) for name in NAMES]
CASES += [(name, NEGATIVE) for name in NAMES if name not in NEVER_WRONG]


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_every_answer_is_as_described(described: Any, name: str, mode: Any) -> None:
    operation = described.find_operation_by_id(name)

    @examples(3)
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        answer = case.call(timeout=60)
        # No schema says which text is a cursor, or SQL, and schemathesis does not take a 413, which
        # a wrong body gets that is long, for a refusal.
        excluded = [positive_data_acceptance]
        if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            excluded.append(negative_data_rejection)
        case.validate_response(answer, excluded_checks=excluded)

    check()
