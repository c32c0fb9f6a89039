from __future__ import annotations

from crawlproj.frontier.base import Lease
from crawlproj.frontier.sqlite.leases import LeasedRow, LeasedRows
from tests.frontier.helpers import entry


def held(lease_id: int, site: str, deadline: float) -> LeasedRow:
    lease = Lease(lease_id, entry(lease_id, site), attempts=0, deadline=deadline)
    return LeasedRow(lease_id, lease, deadline)


def test_leases_are_counted_by_site_until_they_are_dropped() -> None:
    leases = LeasedRows()
    first, second, third = held(1, "a.test", 10), held(2, "a.test", 10), held(3, "b.test", 10)
    leases.add([first, second, third])
    assert leases.by_site == {"a.test": 2, "b.test": 1}
    leases.drop(first)
    leases.drop(third)
    assert leases.by_site == {"a.test": 1}
    assert leases.all() == [second]


def test_a_lease_is_stale_from_its_deadline_on_unless_it_was_renewed() -> None:
    leases = LeasedRows()
    leases.add([held(1, "a.test", 10), held(2, "a.test", 10)])
    assert leases.renew([1, 99], now=9, lease_s=30) == {99}
    assert leases.live(1, now=10) is not None
    assert leases.live(2, now=10) is None
    assert [lease.seq for lease in leases.expired(now=10)] == [2]
    assert leases.renew([2], now=10, lease_s=30) == {2}
