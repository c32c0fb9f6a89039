"""Steering by forms: each POST gives a command to the crawl, or first shows what it would change.

Whether a POST may come is the middlewares' business: from our own pages, and not with --read-only.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from crawlproj.errors import ConfigError
from crawlproj.frontier.commands import Verb
from crawlproj.serve.dashboard.command_words import in_words
from crawlproj.serve.dashboard.page import problem_page
from crawlproj.serve.dashboard.templating import link, render
from crawlproj.serve.security.clients import client_address
from crawlproj.serve.web.problems import Problem
from crawlproj.steering import verbs
from crawlproj.steering.misspelt import why_nothing
from crawlproj.steering.standing import ALL, site_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from crawlproj.frontier.commands import Command, Selection
    from crawlproj.serve.dashboard.crawls import Crawls

_PREVIEWED = frozenset({Verb.SKIP, Verb.REQUEUE, Verb.PRIORITIZE})


@dataclass(frozen=True, slots=True)
class Steering:
    """The form handlers. crawls: those that are steered. behind_proxy: as in ``Listening``."""

    crawls: Crawls
    behind_proxy: bool

    def route(self) -> Route:
        """Return the route that takes all forms."""
        return Route("/steer/{verb}", self._respond, methods=["POST"], name="steer")

    async def _respond(self, request: Request) -> Response:
        try:
            verb = Verb(request.path_params["verb"])
        except ValueError:
            raise HTTPException(404) from None
        form = {
            k: v.strip() for k, v in parse_qsl((await request.body()).decode("utf-8", "replace"))
        }
        address = client_address(request, behind_proxy=self.behind_proxy)
        who = f"dashboard@{address or 'unknown'}"
        try:
            return await self._give(verb, form, who)
        except ConfigError as exc:
            return problem_page(Problem(HTTPStatus.BAD_REQUEST, "bad-command", str(exc)))
        except Problem as exc:
            return problem_page(exc)

    async def _give(self, verb: Verb, form: Mapping[str, str], who: str) -> Response:
        job = form.get("job", "")
        if verb in _PREVIEWED and not form.get("confirmed"):
            return await self._preview(verb, job, form)
        command = command_of(verb, form, who, time.time())
        number = await self.crawls.use(job, lambda controls: controls.append(command))
        return RedirectResponse(_after(command, job, number), HTTPStatus.SEE_OTHER)

    async def _preview(self, verb: Verb, job: str, form: Mapping[str, str]) -> Response:
        chosen = _selection(form)
        command_of(verb, {**form, "token": "-"}, "", 0.0)  # refuse what could not be given
        found = await self.crawls.use(job, lambda controls: controls.preview(verb, chosen))
        doubts: list[str] = []
        if not found.urls:
            doubts = await self.crawls.use(job, lambda controls: why_nothing(controls, chosen))
        shown = {
            "here": "commands",
            "verb": verb,
            "job": job,
            "found": found,
            "doubts": doubts,
            "form": form,
            "words": in_words(command_of(verb, {**form, "token": "-"}, "", 0.0)),
        }
        return HTMLResponse(render("preview.html", shown))


def command_of(verb: Verb, form: Mapping[str, str], who: str, at: float) -> Command:
    """Return the command that a form asks for. Raises ConfigError if a field is wrong."""
    given: dict[str, Any] = {"who": who, "at": at}
    site = form.get("site") or ALL
    match verb:
        case Verb.PAUSE:
            return verbs.pause(site, until=_until(form, at), **given)
        case Verb.RESUME:
            return verbs.resume(site, **given)
        case Verb.DRAIN:
            return verbs.drain(site, worker=form.get("worker", ""), **given)
        case Verb.LIMIT:
            return verbs.limit(
                site,
                limit=_number(form, "limit"),
                maximum=_number(form, "max"),
                rate=_number(form, "rate"),
                delay_s=_number(form, "delay"),
                until=_until(form, at),
                reset=bool(form.get("reset")),
                **given,
            )
        case Verb.SKIP:
            return verbs.skip(_selection(form), **given)
        case Verb.REQUEUE:
            return verbs.requeue(_selection(form), form.get("token", ""), **given)
        case Verb.PRIORITIZE:
            return verbs.prioritize(_selection(form), _priority(form), **given)
        case Verb.ADD:
            return verbs.add(form.get("urls", "").split(), priority=_priority(form), **given)


def _selection(form: Mapping[str, str]) -> Selection:
    return verbs.selection(
        reason=form.get("reason", ""), sites=form.get("site", ""), pattern=form.get("pattern", "")
    )


def _until(form: Mapping[str, str], at: float) -> float | None:
    return verbs.moment(form["until"], at) if form.get("until") else None


def _number(form: Mapping[str, str], name: str) -> float | None:
    if not (text := form.get(name)):
        return None
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{name} must be a number, not {text!r}") from None


def _priority(form: Mapping[str, str]) -> int:
    number = _number(form, "priority") or 0.0
    if not math.isfinite(number) or number != int(number):
        raise ConfigError(f"a priority is a whole number, not {form['priority']!r}")
    return int(number)


def _after(command: Command, job: str, number: int) -> str:
    """Return the page that shows what comes of a command."""
    if command.changes:
        return link("/commands", job=job, given=number)
    site = site_of(command)
    one = site != ALL and "*" not in site
    return link(f"/sites/{quote(site, safe='')}" if one else "/", job=job, given=number)
