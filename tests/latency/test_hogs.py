from __future__ import annotations

from dataclasses import dataclass, field

from crawlproj.latency.hogs import Blocked, HogJudge, Offence, Offences


@dataclass
class Loop:
    """A loop whose heart beats every 0.1 s unless it is blocked, looked at every 0.1 s."""

    judge: HogJudge[str] = field(default_factory=lambda: HogJudge(0.5, 0.1))
    now: float = 100.0
    cpu_s: float = 7.0
    beat: float = 100.0
    told: list[tuple[str, float, bool]] = field(default_factory=list)
    looks: int = 0

    def look(self, who: str | None) -> Blocked[str] | None:
        def running() -> str | None:
            self.looks += 1
            return who

        blocked = self.judge.look(self.now, self.cpu_s, self.beat, running)
        if blocked:
            self.told.append((blocked.who, round(blocked.seconds, 2), blocked.is_new))
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
    assert loop.told == []
    assert loop.looks == 0, "nobody asks what it is at"


def test_a_hog_is_told_while_it_goes_on() -> None:
    loop = Loop()
    loop.fine(1)
    loop.blocked("parse", 0.9)
    assert [told[0] for told in loop.told] == ["parse"] * len(loop.told)
    assert [told[2] for told in loop.told] == [True] + [False] * (len(loop.told) - 1)
    assert 0.5 <= loop.told[0][1] <= 0.6
    assert 0.85 <= loop.told[-1][1] <= 0.95


def test_less_than_the_threshold_is_no_hog() -> None:
    loop = Loop()
    for _ in range(20):
        loop.fine(0.2)
        loop.blocked("parse", 0.4)
    assert loop.told == []


def test_many_short_callbacks_are_no_hog() -> None:
    loop = Loop()
    loop.fine(1)
    for page in range(30):
        loop.blocked(f"parse page {page}", 0.2)
    assert loop.told == []


def test_a_hog_among_many_short_callbacks_is_found() -> None:
    loop = Loop()
    for page in range(5):
        loop.blocked(f"parse page {page}", 0.2)
    loop.blocked("hog", 0.8)
    assert {told[0] for told in loop.told} == {"hog"}
    assert loop.told[-1][1] < 0.95


def test_the_same_code_in_two_turns_of_the_loop_is_two_runs() -> None:
    loop = Loop()
    loop.fine(1)
    loop.blocked("parse", 0.7)
    loop.fine(0.1)
    loop.blocked("parse", 0.7)
    assert [told[2] for told in loop.told].count(True) == 2
    assert max(told[1] for told in loop.told) < 0.8


def test_a_late_loop_that_runs_nothing_is_nobodys_fault() -> None:
    loop = Loop()
    loop.fine(1)
    loop.blocked(None, 3)
    assert loop.told == []


def test_code_that_held_the_gil_is_told_afterwards() -> None:
    loop = Loop()
    loop.fine(1)
    loop.now += 4  # nobody could look meanwhile
    loop.cpu_s += 4
    loop.look("re.match")
    assert loop.told == [("re.match", 4.0, True)]


def test_a_process_that_was_suspended_is_nobodys_fault() -> None:
    loop = Loop()
    loop.fine(1)
    loop.now += 300
    loop.cpu_s += 0.01
    loop.look("parse")
    assert loop.told == []
    loop.blocked("parse", 0.2)
    assert loop.told == []
    loop.blocked("parse", 0.5)
    assert loop.told[-1][1] < 0.8


def test_a_function_is_warned_about_once_in_a_while() -> None:
    offences = Offences(30)
    assert offences.note("parse", 0.6, 100.0, is_new=True) == Offence(1, 0.6, 100.0)
    assert offences.note("parse", 0.7, 100.1, is_new=False) is None
    assert offences.note("parse", 3.2, 110.0, is_new=True) is None
    assert offences.note("item", 0.5, 110.0, is_new=True) is not None
    assert offences.note("parse", 0.5, 130.0, is_new=True) == Offence(3, 3.2, 130.0)


def test_a_hog_that_never_ends_is_told_again() -> None:
    offences = Offences(30)
    told = [
        second
        for second in range(1, 100)
        if offences.note("parse", second, 100.0 + second, is_new=second == 1)
    ]
    assert told == [1, 31, 61, 91]
    assert offences.by_name["parse"].count == 1


def test_the_summary_begins_with_the_worst() -> None:
    offences = Offences(30)
    for n in range(8):
        offences.note(f"f{n}", n + 0.5, 100.0, is_new=True)
    offences.note("f7", 1.0, 101.0, is_new=True)
    assert offences.summary(2) == "f7 2 times (7.5 s at worst), f6 once (6.5 s at worst), 6 more"


def test_a_hog_at_the_very_first_look_is_told() -> None:
    loop = Loop()
    loop.now += 0.8
    loop.cpu_s += 0.8
    loop.look("re.match")
    assert loop.told == [("re.match", 0.8, True)]
