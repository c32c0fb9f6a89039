from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crawlproj.frontier.sqlite.rotation import Rotation


def rotation(**ready: int) -> Rotation:
    rotation = Rotation()
    for site, number in ready.items():
        rotation.add(site, number)
    return rotation


def test_each_round_takes_one_entry_of_each_site() -> None:
    assert rotation(a=3, b=1, c=2).turns(10, per_site=8, held={}) == ["a", "b", "c", "a", "c", "a"]


def test_the_next_claim_continues_where_the_last_one_stopped() -> None:
    sites = rotation(a=9, b=9, c=9)
    served = []
    for _ in range(4):
        turns = sites.turns(2, per_site=8, held={})
        sites.served(turns)
        served.append("".join(turns))
    assert served == ["ab", "ca", "bc", "ab"]


def test_a_site_that_rests_keeps_its_turn() -> None:
    sites = rotation(a=9, b=9, c=9)
    sites.served(sites.turns(1, per_site=2, held={"a": 2}))
    assert sites.turns(2, per_site=2, held={}) == ["a", "c"]


class CountingHeld(dict[str, int]):
    """Holds no leases, and counts the lookups."""

    asked = 0

    def get(self, key: str, default: object = None) -> int:
        self.asked += 1
        return 0


def test_a_claim_looks_only_at_the_sites_it_needs() -> None:
    sites = rotation(**{f"s{n}": 1 for n in range(100_000)})
    for _ in range(3):
        held = CountingHeld()
        sites.served(sites.turns(50, per_site=8, held=held))
        assert held.asked == 50


@given(
    ready=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9)),
    held=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5)),
    limit=st.integers(0, 40),
    per_site=st.integers(1, 5),
)
def test_turns_are_as_many_as_the_limits_allow_and_fairly_shared(
    ready: dict[str, int], held: dict[str, int], limit: int, per_site: int
) -> None:
    turns = rotation(**ready).turns(limit, per_site=per_site, held=held)
    rooms = {
        site: max(0, min(number, per_site - held.get(site, 0))) for site, number in ready.items()
    }
    assert len(turns) == min(limit, sum(rooms.values()))
    shares = Counter(turns)
    assert all(shares[site] <= room for site, room in rooms.items())
    # No site gets a second turn while another site with room has none.
    assert all(
        shares[site] >= min(room, max(shares.values(), default=0) - 1)
        for site, room in rooms.items()
    )
