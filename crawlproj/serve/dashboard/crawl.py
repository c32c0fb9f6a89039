"""The pages of a crawl as it runs: its overview, its workers, its limits, and one site."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from crawlproj.serve.dashboard.drawing import Picture, drawn_at, pictures
from crawlproj.serve.dashboard.eta import eta
from crawlproj.serve.dashboard.live_page import LivePage
from crawlproj.serve.dashboard.troubles import SILENT_S, troubles
from crawlproj.serve.web.parameters import Integer, Parameter, Text
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from crawlproj.frontier.commands import Record
    from crawlproj.report.live import LiveSite
    from crawlproj.serve.dashboard.api import Api
    from crawlproj.serve.dashboard.crawls import Crawls
    from crawlproj.serve.dashboard.file_page import FilePage
    from crawlproj.serve.dashboard.view import View, Views

_SITES = 20
_COMMANDS = 50
_JOB = Parameter("job", Text(2000), "its name")
_GIVEN = Parameter("given", Integer(1, 2**31), "the command that was given just now")


@dataclass(frozen=True, slots=True)
class CrawlPages:
    """The pages.

    views: of the crawls. api: for what is stored. crawls: for their commands. steers: whether
    there are forms to steer them. files: that are linked if they are there.
    """

    views: Views
    api: Api
    crawls: Crawls
    steers: bool
    files: Sequence[FilePage]
    _drawn: dict[str, tuple[float, list[Picture]]] = field(default_factory=dict)

    def all(self) -> list[LivePage]:
        """Return the pages."""
        return [
            LivePage(
                "/",
                "crawl",
                ("jobs", "state", "numbers", "pictures", "sites"),
                self._crawl,
                (_JOB, _GIVEN),
            ),
            LivePage("/workers", "workers", ("workers",), self._workers, (_JOB,)),
            LivePage(
                "/limits",
                "limits",
                ("limits",),
                self._limits,
                (_JOB, Parameter("kind", Text(30), "what binds the site")),
            ),
            LivePage(
                "/sites/{site}",
                "site",
                ("now",),
                self._site,
                (Parameter("site", Text(300), "its host", where="path"), _JOB, _GIVEN),
            ),
            LivePage("/commands", "commands", ("history",), self._commands, (_JOB, _GIVEN)),
        ]

    async def _crawl(self, request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        view = await self.views.of(values["job"] or "")
        summary = await self.api.get(request, "summary")
        shown = {
            "view": view,
            "store": summary["store"],
            "most": _SITES,
            "given": values["given"],
            "silent": view.silent_s >= SILENT_S,
            "steers": self.steers,
            "files": [page for page in self.files if page.file.is_file()],
        }
        totals = view.status.totals if view.status is not None else None
        if view.live is not None:
            live = view.live
            return shown | {
                "eta": eta(live, view.ticks, view.pending),
                "troubles": troubles(live, view.ticks, live.failed, view.silent_s),
                "pictures": self._pictures(view, live.at),
                "counts": _counts(live),
                "sites": live.sites[:_SITES],
            }
        return shown | {
            "eta": None,
            "troubles": _silent(view),
            "pictures": [],
            "counts": _counts(totals) if totals is not None else None,
            "sites": [],
        }

    def _pictures(self, view: View, now: float) -> list[Picture]:
        """Draw them when they differ: they would be most of the work of every second."""
        at = drawn_at(view.ticks, now)
        if self._drawn.get(view.job, (None,))[0] != at:
            self._drawn[view.job] = (at, pictures(view.ticks, at))
        return self._drawn[view.job][1]

    async def _workers(self, _: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"view": await self.views.of(values["job"] or ""), "steers": self.steers}

    async def _commands(self, _: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        view = await self.views.of(values["job"] or "")
        records: list[Record] = []
        if view.job:
            records = await self.crawls.use(view.job, lambda controls: controls.history(_COMMANDS))
        given = values["given"]
        return {"view": view, "records": records, "given": given, "steers": self.steers}

    async def _limits(self, request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        view = await self.views.of(values["job"] or "")
        sites = view.live.sites if view.live is not None else ()
        lanes = {"": (await self.api.get(request, "summary"))["lanes"]}
        if "queries" in self.api:
            lanes["your database: "] = (await self.api.get(request, "queries"))["lanes"]
        return {
            "view": view,
            "kind": values["kind"],
            "kinds": Counter(site.why.kind for site in sites),
            "sites": [site for site in sites if values["kind"] in {None, site.why.kind}],
            "lanes": lanes,
        }

    async def _site(self, request: Request, values: Mapping[str, Any]) -> Mapping[str, Any]:
        view = await self.views.of(values["job"] or "")
        site = _live_site(view, values["site"])
        problem = ""
        try:
            found = await self.api.get(request, "site", {"site": values["site"]})
        except Problem as exc:
            # The workers' news of it does not wait for the database.
            late = exc.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            if not late and not (exc.name == "no-site" and site is not None):
                raise
            found = {"site": values["site"], "frontier": None, "store": {}}
            problem = exc.detail if late and exc.name != "not-there" else ""
        return {
            "view": view,
            "site": site,
            "found": found,
            "problem": problem,
            "given": values["given"],
            "steers": self.steers,
        }


def _counts(of: Any) -> dict[str, Any]:
    """Return the counts of a Live or of Totals."""
    failed, skipped = sum(of.failed.values()), sum(of.skipped.values())
    return {
        "pending": of.pending,
        "leased": of.leased,
        "done": of.done,
        "failed": failed,
        "skipped": skipped,
        "discovered": of.pending + of.leased + of.done + failed + skipped,
        "failed_by_reason": of.failed,
        "skipped_by_reason": of.skipped,
    }


def _silent(view: View) -> list[str]:
    """Return what is wrong with a crawl of which no worker says anything."""
    if view.status is None or view.status.finished:
        return []
    if view.running:
        return [
            (
                "It runs, but publishes nothing: it has just started, hangs, or its extension "
                "LivePublisher is off."
            )
        ]
    return ["No crawl works on it now. The same command continues it."]


def _live_site(view: View, name: str) -> LiveSite | None:
    sites = view.live.sites if view.live is not None else ()
    return next((site for site in sites if site.site == name), None)
