"""Random histories on each backend and on the in-memory reference, which must always agree."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis as Client

from crawlproj.frontier.base import Ack, Entry, Frontier, Lease, State
from crawlproj.frontier.commands import Command, Selection, Verb
from crawlproj.frontier.memory import MemoryFrontier
from crawlproj.frontier.redis.controls import RedisControls
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.sqlite.controls import SqliteControls
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from tests.frontier.helpers import Now, run
from tests.properties import examples

if TYPE_CHECKING:
    from crawlproj.frontier.command_log import Controls
    from crawlproj.frontier.redis.connection import RedisConfig

SITES = ("a.test", "b.test:81", "c.test")
LEASE_S = 30.0

delays = st.sampled_from([0.0, 0.0, 5.0, 60.0])
priorities = st.integers(-2, 2)


@dataclass(frozen=True)
class Draft:
    """An entry whose ``not_before`` is still relative to now."""

    key: int
    priority: int
    delay: float
    payload: bytes


drafts = st.builds(Draft, st.integers(-20, 20), priorities, delays, st.binary(max_size=3))


@dataclass(frozen=True)
class Outcome:
    state: State
    reason: str
    count_attempt: bool
    replacement: Draft | None
    forget: bool = False


outcomes = st.one_of(
    st.builds(
        Outcome,
        st.just(State.DONE),
        st.just(""),
        st.just(value=True),
        st.none(),
        forget=st.booleans(),
    ),
    st.builds(
        Outcome,
        st.sampled_from([State.FAILED, State.SKIPPED]),
        st.sampled_from(["timeout", "http-404"]),
        st.just(value=True),
        st.none(),
        forget=st.booleans(),
    ),
    st.builds(
        Outcome, st.just(State.PENDING), st.just(""), st.booleans(), st.one_of(st.none(), drafts)
    ),
)


selections = st.builds(
    Selection,
    reason=st.sampled_from(["", "timeout"]),
    site=st.sampled_from(["", "a.test", "*.test:81"]),
    pattern=st.sampled_from(["", "*", "/1*", "http://c.*", "re:[02468]$", "re:-"]),
)


class Reference(MemoryFrontier):
    """The reference, which can also follow another frontier's choice among equal entries."""

    def would_claim(self, *args: Any, **kwargs: Any) -> list[Lease]:
        return run(copy.deepcopy(self).claim(*args, **kwargs))

    def follow(self, leases: list[Lease]) -> list[Lease]:
        return [self._lease(self._records[lease.entry.key], lease.deadline) for lease in leases]


class MatchesReference(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = Now()
        self.reference = Reference(self.now)
        self.frontier, self.controls = self.make()
        self.leases: list[tuple[Lease, Lease]] = []
        self.lease_ids: set[int] = set()

    @initialize(per_site=st.integers(1, 9))
    def start(self, per_site: int) -> None:
        self.per_site = per_site
        self.open(reset=False)

    def make(self) -> tuple[Frontier, Controls]:
        raise NotImplementedError

    def teardown(self) -> None:
        run(self.frontier.close())
        run(self.controls.close())

    def open(self, *, reset: bool, reopen: bool = False) -> None:
        opened = run(self.reference.open("job", reset=reset, reopen=reopen))
        assert run(self.frontier.open("job", reset=reset, reopen=reopen)) == opened

    def entry(self, draft: Draft) -> Entry:
        site = SITES[draft.key % 3]
        not_before = self.now.time + draft.delay if draft.delay else 0.0
        url = f"http://{site}/{draft.key}"
        return Entry(draft.key, site, url, draft.payload, draft.priority, not_before)

    def write(self, entries: list[Entry], acks: list[tuple[Ack, Ack]]) -> None:
        expected = run(self.reference.write(entries, [ack for ack, _ in acks]))
        assert run(self.frontier.write(entries, [ack for _, ack in acks])) == expected

    @rule(new=st.lists(drafts, max_size=12), data=st.data())
    def put_and_ack(self, new: list[Draft], data: st.DataObject) -> None:
        # Leases that were acked stay in the list: acking them again must be stale.
        leases = data.draw(st.lists(st.sampled_from(self.leases))) if self.leases else []
        acks = []
        for mine, theirs in leases:
            outcome = data.draw(outcomes)
            back = None
            if outcome.replacement:
                key, site = mine.entry.key, mine.entry.site
                back = replace(self.entry(outcome.replacement), key=key, site=site)
            ack = Ack(
                mine.id, outcome.state, outcome.reason, back, outcome.count_attempt,
                outcome.forget,
            )  # fmt: skip
            acks.append((ack, replace(ack, lease_id=theirs.id)))
        self.write([self.entry(draft) for draft in new], acks)

    @rule(
        resting=st.dictionaries(st.sampled_from(SITES), st.sampled_from([-5.0, 0.0, 5.0])),
    )
    def claim_everything(self, resting: dict[str, float]) -> None:
        self.claim(1000, {site: self.now.time + s for site, s in resting.items()})

    @rule(limit=st.integers(0, 5), site=st.sampled_from(SITES))
    def claim_from_one_site(self, limit: int, site: str) -> None:
        self.claim(limit, {other: inf for other in SITES if other != site})

    def claim(self, limit: int, resting: dict[str, float]) -> None:
        """Compare the order within each site: backends choose the order of the sites."""
        how: dict[str, Any] = {"per_site": self.per_site, "resting": resting, "lease_s": LEASE_S}
        preferred = self.reference.would_claim(limit, **how)
        claimed = run(self.frontier.claim(limit, **how))
        claimed.sort(key=lambda lease: lease.entry.site)
        preferred.sort(key=lambda lease: lease.entry.site)
        assert list(map(self.as_compared, claimed)) == list(map(self.as_compared, preferred))
        expected = self.reference.follow(claimed)
        assert [replace(lease, id=0) for lease in claimed] == [
            replace(lease, id=0) for lease in expected
        ]
        ids = {lease.id for lease in claimed}
        assert len(ids) == len(claimed)
        assert not ids & self.lease_ids
        self.lease_ids |= ids
        self.leases += zip(expected, claimed, strict=True)

    @staticmethod
    def as_compared(lease: Lease) -> object:
        return lease.entry

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        leases = data.draw(st.lists(st.sampled_from(self.leases)))
        stale = run(self.reference.renew([mine.id for mine, _ in leases], lease_s=LEASE_S))
        expected = {theirs.id for mine, theirs in leases if mine.id in stale}
        ids = [theirs.id for _, theirs in leases]
        assert run(self.frontier.renew(ids, lease_s=LEASE_S)) == expected

    @rule(seconds=st.sampled_from([1.0, 5.0, LEASE_S, 60.0]))
    def wait(self, seconds: float) -> None:
        self.now.time += seconds

    @rule()
    def reap(self) -> None:
        assert run(self.frontier.reap()) == run(self.reference.reap())

    @rule()
    def skip_pending(self) -> None:
        expected = run(self.reference.skip_pending("max-pages"))
        assert run(self.frontier.skip_pending("max-pages")) == expected

    @rule(notes=st.dictionaries(st.sampled_from(SITES), st.text("ab", max_size=2)))
    def note(self, notes: dict[str, str]) -> None:
        run(self.reference.note(notes))
        run(self.frontier.note(notes))

    @rule(verb=st.sampled_from(["skip", "requeue", "prioritize"]), selection=selections)
    def steer(self, verb: str, selection: Selection) -> None:
        """Preview a selection and change it, whether or not it has anything."""
        counts = []
        for frontier, controls in (
            (self.reference, self.reference),
            (self.frontier, self.controls),
        ):
            preview = run(controls.preview(Verb(verb), selection))
            arguments: dict[str, Any] = {**selection.data(), "priority": 3}
            command = Command(Verb(verb), arguments, "ann", self.now.time, preview.token)
            run(controls.append(command))
            (waiting,) = run(frontier.waiting())
            while (result := run(frontier.change(waiting, "w"))) is None:
                pass
            assert verb == "prioritize" or result.urls == preview.urls
            counts.append((preview.urls, dict(preview.sites), result.urls))
        assert counts[0] == counts[1]

    @rule(reset=st.integers(0, 4), finish=st.booleans(), reopen=st.booleans())
    def close_and_open(self, reset: int, *, finish: bool, reopen: bool) -> None:
        totals = run(self.reference.totals())
        if finish and not totals.pending and not totals.leased:
            run(self.reference.finish())
            run(self.frontier.finish())
        self.claim(0, {})  # ends all rests, which a shared frontier would pass on
        run(self.reference.close())
        run(self.frontier.close())
        self.open(reset=reset == 0, reopen=reopen)

    @invariant()
    def the_same_counts(self) -> None:
        totals = run(self.frontier.totals())
        assert totals == run(self.reference.totals())
        sites = run(self.frontier.sites())
        assert sites == run(self.reference.sites())
        assert sum(site.discovered for site in sites.values()) == totals.discovered
        assert run(self.frontier.next_ready()) == run(self.reference.next_ready())
        assert run(self.frontier.notes()) == run(self.reference.notes())


class SqliteMatchesReference(MatchesReference):
    def make(self) -> tuple[Frontier, Controls]:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "crawl.db"
        return SqliteFrontier(path, self.now), SqliteControls(path, "job", self.now)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


class RedisMatchesReference(MatchesReference):
    """Compares no order among equals: Redis puts the latest requeued entry first."""

    config: ClassVar[RedisConfig]

    def make(self) -> tuple[Frontier, Controls]:
        with Client.from_url(self.config.url) as client:
            client.flushall()
        controls = RedisControls(self.config, "job")
        return RedisFrontier(self.config, self.now), controls

    @staticmethod
    def as_compared(lease: Lease) -> object:
        return lease.entry.site, lease.entry.priority


HOW = settings(examples(25), phases=[Phase.generate], stateful_step_count=30)


@pytest.mark.slow
@pytest.mark.hypothesis
def test_sqlite_behaves_like_the_reference() -> None:
    run_state_machine_as_test(SqliteMatchesReference, settings=HOW)


@pytest.mark.hypothesis
def test_redis_behaves_like_the_reference(redis: RedisConfig) -> None:
    RedisMatchesReference.config = redis
    run_state_machine_as_test(RedisMatchesReference, settings=HOW)
