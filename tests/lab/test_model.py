"""The contract of every kind of model, and the tables of models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.errors import ConfigError
from crawlproj.lab import fetch, hog, serve
from crawlproj.lab.fetch.models.table import MODELS as FETCH_MODELS
from crawlproj.lab.hog.models.table import MODELS as HOG_MODELS
from crawlproj.lab.model import Model, choose, list_models
from crawlproj.lab.serve.models.table import MODELS as SERVE_MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

TABLES = [(fetch, FETCH_MODELS), (serve, SERVE_MODELS), (hog, HOG_MODELS)]


@dataclass(frozen=True, slots=True)
class FakeModel(Model[int, int]):
    """A model whose module is this one."""

    @property
    def note(self) -> str:
        return "adds one"


FAKE = FakeModel("fake", "a fake", "test_model", function="add_one")
TABLE = {name: replace(FAKE, name=name) for name in ("one", "other", "third")}


def add_one(work: int) -> int:
    return work + 1


def missing() -> str:
    return "the machine is too small"


def test_a_model_loads_its_function_from_the_folder_of_its_table() -> None:
    assert FAKE.load()(41) == 42


def test_a_model_says_which_libraries_to_install() -> None:
    model = replace(FAKE, requires=("no_such_library", "json"))

    assert model.missing() == "not installed: no_such_library; pip install 'crawlproj[lab]'"


def test_a_module_is_asked_about_the_machine_only_if_the_row_says_so() -> None:
    assert FAKE.missing() == ""
    assert replace(FAKE, checks_machine=True).missing() == "the machine is too small"


def test_a_description_has_the_fields_of_the_row_and_why_it_is_unavailable() -> None:
    described = replace(FAKE, checks_machine=True).describe()

    assert described["title"] == "a fake"
    assert described["unavailable"] == "the machine is too small"


def test_models_are_chosen_by_name_once_each_in_the_given_order() -> None:
    assert [model.name for model in choose(TABLE, " third, one,third")] == ["third", "one"]
    assert choose(TABLE, "") == list(TABLE.values())


def test_the_error_about_an_unknown_model_lists_the_known_ones() -> None:
    message = "--models: there is no model 'two'; choose from: one, other, third"
    with pytest.raises(ConfigError, match=message):
        choose(TABLE, "one,two")


def test_the_list_shows_a_note_or_why_a_model_is_unavailable() -> None:
    table = {"a": FAKE, "b": replace(FAKE, checks_machine=True)}

    assert [note for _, _, note in list_models(table)] == ["adds one", "the machine is too small"]


@pytest.mark.parametrize(("package", "models"), TABLES, ids=["fetch", "serve", "hog"])
def test_every_module_of_a_models_folder_is_in_its_table(
    package: ModuleType, models: Mapping[str, Model[Any, Any]]
) -> None:
    folder = Path(package.__path__[0], "models")
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__", "table", "job"}

    functions = [(model.module, model.function) for model in models.values()]
    assert {module for module, _ in functions} == modules
    assert len(functions) == len(set(functions))
