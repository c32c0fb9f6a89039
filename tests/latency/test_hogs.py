"""Code that blocks the event loop is found, and no other code is blamed."""

from __future__ import annotations

from dataclasses import dataclass, field

from crawlproj.latency.hogs import Blocked, HogDetector, Offence, Offences


@dataclass
class Loop:
    """A loop with a heartbeat every 0.1 s unless it is blocked, checked every 0.1 s."""

    detector: HogDetector[str] = field(default_factory=lambda: HogDetector(0.5, 0.1))
    now: float = 100.0
    cpu_s: float = 7.0
    beat: float = 100.0
    reports: list[tuple[str, float, bool]] = field(default_factory=list)
    looks: int = 0

    def look(self, who: str | None) -> Blocked[str] | None:
        def running() -> str | None:
            self.looks += 1
            return who

        blocked = self.detector.look(self.now, self.cpu_s, self.beat, running)
        if blocked:
            self.reports.append((blocked.who, round(blocked.seconds, 2), blocked.is_new))
        return blocked

    def fine(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.beat = self.now - 0.05
            self.look("nothing special")

    def blocked(self, who: str | None, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.cpu_s += 0.1
            self.look(who)


def test_a_loop_that_keeps_up_is_left_alone() -> None:
    loop = Loop()
    loop.fine(10)
    assert loop.reports == []
    assert loop.looks == 0, "there is no need to know what it runs"


def test_a_hog_is_reported_while_it_runs() -> None:
    loop = Loop()
    loop.fine(1)
    loop.blocked("parse", 0.9)
    assert [report[0] for report in loop.reports] == ["parse"] * len(loop.reports)
    assert [report[2] for report in loop.reports] == [True] + [False] * (len(loop.reports) - 1)
    assert 0.5 <= loop.reports[0][1] <= 0.6
    assert 0.85 <= loop.reports[-1][1] <= 0.95


def test_code_that_blocks_for_less_than_the_threshold_is_not_a_hog() -> None:
    loop = Loop()
    for _ in range(20):
        loop.fine(0.2)
        loop.blocked("parse", 0.4)
    assert loop.reports == []


def test_many_short_callbacks_are_not_a_hog() -> None:
    loop = Loop()
    loop.fine(1)
    for page in range(30):
        loop.blocked(f"parse page {page}", 0.2)
    assert loop.reports == []


def test_a_hog_among_many_short_callbacks_is_found() -> None:
    loop = Loop()
    for page in range(5):
        loop.blocked(f"parse page {page}", 0.2)
    loop.blocked("hog", 0.8)
    assert {report[0] for report in loop.reports} == {"hog"}
    assert loop.reports[-1][1] < 0.95


def test_the_same_code_in_two_turns_of_the_loop_is_two_runs() -> None:
    loop = Loop()
    loop.fine(1)
    loop.blocked("parse", 0.7)
    loop.fine(0.1)
    loop.blocked("parse", 0.7)
    assert [report[2] for report in loop.reports].count(True) == 2
    assert max(report[1] for report in loop.reports) < 0.8


def test_a_late_loop_that_runs_nothing_is_not_reported() -> None:
    loop = Loop()
    loop.fine(1)
    loop.blocked(None, 3)
    assert loop.reports == []


def test_code_that_held_the_gil_is_reported_afterwards() -> None:
    loop = Loop()
    loop.fine(1)
    loop.now += 4  # the GIL kept the other thread from looking
    loop.cpu_s += 4
    loop.look("re.match")
    assert loop.reports == [("re.match", 4.0, True)]


def test_the_suspension_of_the_process_is_not_reported() -> None:
    loop = Loop()
    loop.fine(1)
    loop.now += 300
    loop.cpu_s += 0.01
    loop.look("parse")
    assert loop.reports == []
    loop.blocked("parse", 0.2)
    assert loop.reports == []
    loop.blocked("parse", 0.5)
    assert loop.reports[-1][1] < 0.8


def test_each_function_is_warned_about_once_per_interval() -> None:
    offences = Offences(30)
    assert offences.note("parse", 0.6, 100.0, is_new=True) == Offence(1, 0.6, 100.0)
    assert offences.note("parse", 0.7, 100.1, is_new=False) is None
    assert offences.note("parse", 3.2, 110.0, is_new=True) is None
    assert offences.note("item", 0.5, 110.0, is_new=True) is not None
    assert offences.note("parse", 0.5, 130.0, is_new=True) == Offence(3, 3.2, 130.0)


def test_a_hog_that_never_ends_is_warned_about_again() -> None:
    offences = Offences(30)
    warned = [
        second
        for second in range(1, 100)
        if offences.note("parse", second, 100.0 + second, is_new=second == 1)
    ]
    assert warned == [1, 31, 61, 91]
    assert offences.by_name["parse"].count == 1


def test_the_summary_starts_with_the_worst_function() -> None:
    offences = Offences(30)
    for n in range(8):
        offences.note(f"f{n}", n + 0.5, 100.0, is_new=True)
    offences.note("f7", 1.0, 101.0, is_new=True)
    assert offences.summary(2) == "f7 2 times (7.5 s at worst), f6 once (6.5 s at worst), 6 more"


def test_a_hog_at_the_first_look_is_reported() -> None:
    loop = Loop()
    loop.now += 0.8
    loop.cpu_s += 0.8
    loop.look("re.match")
    assert loop.reports == [("re.match", 0.8, True)]
