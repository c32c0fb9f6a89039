"""Stacks as in a crawl: user code calls Scrapy, which calls user code."""

from __future__ import annotations

import json
import sys
import sysconfig
from types import CodeType, FrameType, SimpleNamespace
from typing import Any

import pytest

from crawlproj.latency.stacks import Kind, culprit_of, depth_of, kind_of, shown, stack_of, url_in

Captured = list[FrameType]


def calling(name: str, module: str, file: str, function: Any, **variables: Any) -> Any:
    """Return a function of ``module`` in ``file`` that calls ``function``."""
    names = "".join(f"    {variable} = given[{variable!r}]\n" for variable in variables)
    source = f"def {name}():\n{names}    return function()\n"
    space = {"__name__": module, "function": function, "given": variables}
    code = compile(source, file, "exec")
    assert isinstance(code, CodeType)
    exec(code, space)  # noqa: S102 - makes a frame of a module that does not exist
    return space[name]


def capture() -> Captured:
    return stack_of(sys._getframe(1), depth_of(sys._getframe(1)) - CHAIN[0])


CHAIN = [0]
PAGE = SimpleNamespace(url="http://a.test/page")
SCRAPY = ("scrapy.core.scraper", "/site/scrapy/core/scraper.py")
USER = ("shop.spiders.shoes", "/home/me/shop/spiders/shoes.py")
LIBRARY = ("parsel.selector", f"{sysconfig.get_path('purelib')}/parsel/selector.py")


def frames(*calls: tuple[str, str, str] | tuple[str, str, str, dict[str, Any]]) -> Captured:
    """Return the stack of calls (function, module, file, local variables), outermost first."""
    function: Any = capture
    for name, module, file, *variables in reversed(calls):
        function = calling(str(name), str(module), str(file), function, **dict(*variables))
    CHAIN[0] = len(calls)
    return function()  # type: ignore[no-any-return]


def blamed(stack: Captured) -> str:
    culprit = culprit_of(stack)
    return culprit.f_code.co_name if culprit else ""


@pytest.mark.parametrize(
    ("module", "file", "kind"),
    [
        ("scrapy.core.scraper", "/x/scraper.py", Kind.INFRASTRUCTURE),
        ("crawlproj.scheduler", "/x/scheduler.py", Kind.INFRASTRUCTURE),
        ("crawlproj.spiders.site", "/x/site.py", Kind.USER),
        ("crawlproj.pipelines.store", "/x/store.py", Kind.USER),
        ("crawlproj_shop.spiders", "/x/spiders.py", Kind.USER),
        ("json.decoder", json.__file__, Kind.INFRASTRUCTURE),
        (*LIBRARY, Kind.LIBRARY),
        ("code", "/home/me/code.py", Kind.USER),
        ("__main__", "/home/me/run.py", Kind.USER),
    ],
)
def test_a_frame_is_classified_by_module_and_file(module: str, file: str, kind: Kind) -> None:
    (frame,) = frames(("f", module, file))
    assert kind_of(frame) is kind


def test_the_callback_is_blamed_rather_than_the_middleware_around_it() -> None:
    stack = frames(
        ("_scrape", *SCRAPY),
        ("process_spider_output", "shop.middlewares", "/home/me/shop/middlewares.py"),
        ("_evaluate_iterable", *SCRAPY),
        ("parse", *USER),
        ("price_of", *USER),
    )
    assert blamed(stack) == "parse"


def test_a_callback_is_blamed_for_the_libraries_it_calls() -> None:
    stack = frames(
        ("_scrape", *SCRAPY),
        ("parse", *USER),
        ("css", "scrapy.http.response.text", "/site/scrapy/http/response/text.py"),
        ("css", *LIBRARY),
        ("loads", "json", json.__file__),
    )
    assert blamed(stack) == "parse"


def test_without_user_code_the_outermost_frame_is_blamed() -> None:
    stack = frames(("next_request", "crawlproj.scheduler", "/x/s.py"), ("f", *SCRAPY))
    assert blamed(stack) == "next_request"
    stack = frames(("f", *SCRAPY), ("process_item", *LIBRARY), ("g", *LIBRARY))
    assert blamed(stack) == "process_item"
    assert culprit_of([]) is None


def test_the_url_is_that_of_the_page_in_progress() -> None:
    another = SimpleNamespace(url="http://a.test/another")
    stack = frames(
        ("outer", *SCRAPY, {"response": another}),
        ("start_itemproc_async", *SCRAPY, {"response": PAGE}),
        ("process_item", *USER, {"request": another}),
    )
    assert url_in(stack) == PAGE.url
    assert url_in(frames(("f", *SCRAPY, {"response": None}), ("g", *SCRAPY))) == ""


def test_the_stack_shows_user_code_and_the_innermost_frame() -> None:
    stack = frames(
        ("_scrape", *SCRAPY),
        ("parse", *USER),
        ("extract", "crawlproj.links.extractor", "/x/links/extractor.py"),
        ("loads", "json", json.__file__),
    )
    text = shown(stack)
    assert [line for line in text.splitlines() if "File" in line] == [
        f'> File "{USER[1]}", line 2, in parse',
        f'  File "{json.__file__}", line 2, in loads',
    ]


def test_a_deep_recursion_is_shortened() -> None:
    stack = frames(*[("visit", *USER)] * 40)
    assert shown(stack).count("File") == 12
