"""Values of meta and cb_kwargs as data and back, in a process that only has the spider's module."""

from __future__ import annotations

import json
import re
from collections import Counter, OrderedDict, defaultdict
from datetime import datetime, time
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from scrapy import Field, Request, Spider
from scrapy.http import HtmlResponse

from crawlproj.scheduling.classes import Classes
from crawlproj.scheduling.objects import is_state
from crawlproj.scheduling.serialize import Unstorable, entry_of
from crawlproj.scheduling.values import NotPlain, restored, storable
from tests.scheduling import kept_classes as kept
from tests.scheduling.kept_classes import Author, Book, Hidden, Place, Price, Shelf, Shop, Step

BERLIN = ZoneInfo("Europe/Berlin")


class Reader(Spider):
    name = "reader"


CLASSES = Classes(Reader)


def there_and_back(value: Any, classes: Classes = CLASSES) -> Any:
    return restored(json.loads(json.dumps(storable(value, classes))), classes)


@pytest.mark.parametrize(
    "value",
    [
        Book(title="Emma", by=Author("Jane", [Book(title="Sense")])),
        Author("Jane"),
        [Shelf(3, frozenset({"a"})), {Shelf(4)}, {Place(1, 2): "seat"}],
        Shop("corner", secret="x"),
        Price(amount=1.5, notes=["a"]),
        Step("click", 1, by=b"x"),
        kept.Pair(1, (2,)),
        [kept.Colour.RED, kept.Size.SMALL, kept.Mark.NEW, HTTPStatus.OK],
        kept.Outer.Inner(name="x"),
        {1: "a", None: {2, "b"}, (1, 2): frozenset({Decimal("1.10")})},
        {"__set__": [1], "x": 2},
        OrderedDict([("b", 1), ("a", 2)]),
        Counter("aab"),
        defaultdict(list, a=[1]),
        [UUID(int=5), Path("a/b")],
        datetime(2026, 7, 1, 12, tzinfo=BERLIN),
    ],
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


def test_what_equality_does_not_show_comes_back_as_well() -> None:
    assert there_and_back(Hidden(7)).own() == 7
    assert not hasattr(there_and_back(Hidden(7)), "unset")
    assert there_and_back(defaultdict(list))["new"] == []
    assert list(there_and_back(OrderedDict([("b", 1), ("a", 2)]))) == ["b", "a"]
    assert there_and_back(Price(amount=1)).model_dump(exclude_unset=True) == {"amount": 1}
    repeated = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    assert there_and_back(repeated).utcoffset() == repeated.utcoffset()
    item = there_and_back(Book(title="Emma"))
    item["by"] = "Jane"
    with pytest.raises(KeyError):
        item["no field of it"] = 1


def test_a_loader_comes_back_with_what_it_collected_and_works_on_the_next_page() -> None:
    first = HtmlResponse("http://a.example/", body=b"<h1>Emma</h1>")
    loader = kept.BookLoader(response=first, mark="!")
    loader.add_css("title", "h1::text")
    back = there_and_back(loader)
    with pytest.raises(RuntimeError, match="must be instantiated with a selector"):
        back.add_css("by", "p::text")
    back.selector = HtmlResponse("http://a.example/by", body=b"<p>Jane</p>").selector
    back.add_css("by", "p::text")
    assert back.load_item() == Book(title="Emma", by="Jane!")
    assert back.context["item"] is back.item
    assert back.context["response"] is None
    assert loader.selector is not None


def test_a_nested_loader_comes_back_with_the_one_that_it_adds_to() -> None:
    page = HtmlResponse("http://a.example/", body=b"<div><p>Jane</p></div>")
    whole = kept.BookLoader(Book(title="Emma"), response=page, mark="")
    nested = there_and_back(whole.nested_css("div", mark=""))
    nested.add_value("by", "Anne")
    assert nested.load_item() == nested.parent.load_item() == Book(title="Emma", by="Anne")


def test_a_loader_without_a_context_is_not_rebuilt() -> None:
    stored = storable(kept.BookLoader(), CLASSES)
    del stored["__object__"][1]["context"]
    with pytest.raises(TypeError, match="context"):
        restored(stored, CLASSES)


def test_no_code_of_a_class_runs_when_its_object_is_rebuilt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = storable(Author("Jane"), CLASSES), storable(Step("x"), CLASSES)
    for name in ("__init__", "__post_init__", "__setattr__"):
        for kind in (Author, Step):
            monkeypatch.setattr(kind, name, pytest.fail, raising=False)
    assert [vars(restored(each, CLASSES))["name"] for each in stored] == ["Jane", "x"]


def test_no_setter_of_a_property_runs_although_stored_data_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = storable(Step("x"), CLASSES)
    setter = property(lambda _: None, lambda *_: pytest.fail("ran"))
    monkeypatch.setattr(Step, "on_sale", setter, raising=False)
    stored["__object__"][1]["on_sale"] = "by an attacker"
    assert isinstance(restored(stored, CLASSES), Step)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (kept.local_item(), "a Local, whose class a later process would not find"),
        (kept.Tidies(), "a Tidies, which is not plain data"),
        (kept.SaysHow(), "a SaysHow, which is not plain data"),
        (kept.Mark.NEW | kept.Mark.USED, "which has no name"),
        (defaultdict(lambda: 1), "a defaultdict, which is not plain data"),
        (datetime(2026, 1, 1, fold=1), "a datetime, which is not plain data"),  # noqa: DTZ001
        (time(1, tzinfo=BERLIN), "a time, which is not plain data"),
        (Book(title=object()), "a object"),
        (Field(), "a Field, which is not plain data"),
        (print, "a builtin_function_or_method, which is not plain data"),
        (Author, "a type, which is not plain data"),
    ],
)
def test_a_value_that_would_not_come_back_is_named(value: Any, told: str) -> None:
    with pytest.raises(NotPlain, match=re.escape(told)):
        storable(value, CLASSES)


@pytest.mark.parametrize("method", ["__getstate__", "__setstate__", "__reduce__", "__reduce_ex__"])
def test_attributes_are_not_all_of_an_object_whose_class_says_how_to_copy_it(method: str) -> None:
    assert is_state(type("Plain", (), {}))
    assert not is_state(type("Own", (), {method: lambda *_: ()}))


@pytest.mark.parametrize("value", [re.compile("x"), Lock(), [iter("x")]])
def test_what_a_class_written_in_c_hides_is_not_lost_with_a_class_that_is_known(
    value: object,
) -> None:
    kind = type(value[0] if isinstance(value, list) else value)
    with pytest.raises(NotPlain, match="which is not plain data"):
        storable(value, of_other_package({"Known": kind}))


def test_a_value_in_itself_is_unstorable() -> None:
    step = Step("self")
    step.arguments = (step,)
    with pytest.raises(Unstorable, match="too deeply nested"):
        entry_of(Request("http://a.org/", meta={"step": step}), Reader(), 1)


def of_other_package(bound: dict[str, Any]) -> Classes:
    """Return the classes of a spider in a package of its own, whose module has these names."""
    import sys  # noqa: PLC0415
    from types import ModuleType  # noqa: PLC0415

    module = ModuleType("elsewhere.spiders")
    vars(module).update(bound)
    sys.modules[module.__name__] = module
    try:
        return Classes(type("Foreign", (Spider,), {"__module__": module.__name__}))
    finally:
        del sys.modules[module.__name__]


def test_a_class_is_known_if_the_spiders_module_names_it_or_is_of_its_package() -> None:
    nothing, names_a_class = of_other_package({}), of_other_package({"Step": Step})
    names_a_dataclass = of_other_package({"Shelf": Shelf})
    assert there_and_back(Step("x"), names_a_class) == Step("x")
    assert there_and_back(Step("x"), names_a_dataclass) == Step("x")
    assert there_and_back(Book(title="Emma"), nothing) == Book(title="Emma")
    for classes, value in ((nothing, Step("x")), (nothing, Shelf(1)), (names_a_class, Shelf(1))):
        with pytest.raises(NotPlain, match="is not a class that the spider knows"):
            storable(value, classes)
        with pytest.raises(LookupError, match="is not a class that the spider knows"):
            restored(storable(value, CLASSES), classes)


@pytest.mark.parametrize(
    "stored",
    [
        {"__object__": ["subprocess:Popen", {"args": "true"}]},
        {"__object__": ["logging:Handler", {}]},
        {"__object__": ["antigravity:anything", {}]},  # not loaded, and would open a browser
        {"__object__": ["tests.scheduling.kept_classes:scrapy.Request", {}]},
        {"__object__": ["tests.scheduling.kept_classes:Tidies", {}]},
        {"__object__": ["tests.scheduling.kept_classes:local_item", {}]},
        {"__object__": ["tests.scheduling.kept_classes:Shelf", {"other": 1}]},
        {"__object__": ["tests.scheduling.kept_classes:Colour", {}]},
        {"__enum__": ["tests.scheduling.kept_classes:Book", "fields"]},
        {"__enum__": ["tests.scheduling.kept_classes:Colour", "mro"]},
        {"__named__": ["tests.scheduling.kept_classes:Book", []]},
        {"__default__": ["eval", []]},
        {"__set__": [[1]]},
        {"__zoned__": "2026-01-01 0 ../../../etc/passwd"},
    ],
)
def test_what_others_wrote_makes_no_object_that_a_spider_could_not(stored: dict[str, Any]) -> None:
    with pytest.raises((LookupError, ValueError, TypeError, AttributeError)):
        restored(stored, CLASSES)


def test_a_module_that_a_callback_imports_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys  # noqa: PLC0415

    monkeypatch.delitem(sys.modules, kept.__name__)
    before = Classes(Reader)
    monkeypatch.setitem(sys.modules, kept.__name__, kept)
    with pytest.raises(NotPlain, match="is not loaded when the crawl starts"):
        storable(Step("x"), before)
