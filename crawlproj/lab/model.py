"""The contract of a concurrency model, whatever it does: fetch pages, serve queries, run tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Work = TypeVar("Work")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Model(ABC, Generic[Work, Result]):
    """A concurrency model: a row of the table ``MODELS``, and a module in the table's folder.

    Each kind of model has a subclass and a table: ``fetch/models/table.py``,
    ``serve/models/table.py`` and ``hog/models/table.py``. The table says what a model of its kind
    must do. These rules hold for all of them:

    - The module has a function, ``run`` unless the row names another one, that takes the work and
      does it. Several rows may name functions of one module.
    - The module is imported only in the process that runs the model, which does nothing else. So it
      may import libraries that are not installed everywhere (the row lists them in ``requires``),
      patch modules, and install a reactor.
    - If a model needs more than libraries, such as a program or a recent kernel, the row sets
      ``checks_machine`` and the module has a function ``missing()``. It returns why the model
      cannot run on this machine, or "". Such a module must import without its libraries.

    name: as ``--models`` takes it. title: as a report shows it. module: without its package.
    requires: names of modules that only the extra ``lab`` installs.
    """

    name: str
    title: str
    module: str
    function: str = field(default="run", kw_only=True)
    requires: tuple[str, ...] = field(default=(), kw_only=True)
    checks_machine: bool = field(default=False, kw_only=True)

    @property
    @abstractmethod
    def note(self) -> str:
        """The text that ``scrapy lab`` prints beside the title."""

    def load(self) -> Callable[[Work], Result]:
        """Import the module and return the function."""
        run: Callable[[Work], Result] = getattr(self._import(), self.function)
        return run

    def missing(self) -> str:
        """Return why the model cannot run on this machine and what to do, or "" if it can."""
        if absent := [name for name in self.requires if find_spec(name) is None]:
            return f"not installed: {', '.join(absent)}; pip install 'crawlproj[lab]'"
        if not self.checks_machine:
            return ""
        reason: str = self._import().missing()
        return reason

    def describe(self) -> dict[str, Any]:
        """Return the fields of the row for ``lab.json``, and ``unavailable``: see ``missing``."""
        return {**asdict(self), "unavailable": self.missing()}

    def _import(self) -> Any:
        package = type(self).__module__.rpartition(".")[0]  # the table's folder
        return import_module(f"{package}.{self.module}")


AnyModel = TypeVar("AnyModel", bound=Model[Any, Any])


def choose(models: Mapping[str, AnyModel], names: str) -> list[AnyModel]:
    """Return the models of a comma-separated list, or all of them if it is empty.

    Raises ConfigError if there is no model of such a name.
    """
    words = [word.strip() for word in names.split(",") if word.strip()]
    for word in words:
        if word not in models:
            raise ConfigError(
                f"--models: there is no model {word!r}; choose from: {', '.join(models)}"
            )
    return [models[word] for word in dict.fromkeys(words)] or list(models.values())


def list_models(models: Mapping[str, AnyModel]) -> Iterator[tuple[str, str, str]]:
    """Yield a row per model: its name, its title, and its note or why it cannot run here."""
    name_width = max(map(len, models))
    title_width = max(len(model.title) for model in models.values())
    for model in models.values():
        yield (
            model.name.ljust(name_width),
            model.title.ljust(title_width),
            model.missing() or model.note,
        )
