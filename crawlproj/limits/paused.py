"""The sites that are paused, by a user or for a login. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_REMEMBERED = 100_000
_STEP_S = 10.0


class PausedSites:
    """A container of sites; a site is in it if ``is_paused`` says so.

    everything: whether that is true for every site. An empty one is false.
    """

    def __init__(
        self, is_paused: Callable[[str], bool] | None = None, *, everything: bool = False
    ) -> None:
        self.everything = everything
        self._is_paused = is_paused
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return self._is_paused is not None

    def __contains__(self, site: str) -> bool:
        if self._is_paused is None:
            return False
        known = self._known.get(site)
        if known is None:
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            known = self._known[site] = self._is_paused(site)
        return known

    def rests(self, now: float) -> dict[str, float]:
        """Return the paused sites that were asked about, each with the end of a short rest.

        It ends within 30 s, because a shared frontier keeps it although this worker may die; and it
        is the same for ten, because each change has to be sent there.
        """
        until = (now // _STEP_S + 3) * _STEP_S
        return {site: until for site, paused in self._known.items() if paused}
