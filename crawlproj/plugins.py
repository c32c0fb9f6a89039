"""Parts that other packages bring, by entry point or by the dotted path of a class."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMITS = "crawlproj.limits"
STORES = "crawlproj.store"
FRONTIERS = "crawlproj.frontier"
"""The groups of entry points."""


def plugin(given: str, name: str, group: str, known: Iterable[str], suffix: str = "") -> Any:
    """Return the class (or another callable) that ``name`` stands for.

    name: an entry point of ``group``, or the dotted path of a class, "package.module.Class".
    given, known, suffix: for the error: the setting and its value, secrets masked; the names that
        need no plugin; what follows a name in the setting.

    Raises ConfigError if there is no such plugin, or its module cannot be imported.
    """
    points = {point.name: point for point in entry_points(group=group)}
    module, _, attribute = name.rpartition(".")
    point = points.get(name)
    if point is None:
        if not module or not all(part.isidentifier() for part in name.split(".")):
            names = ", ".join(f"{choice}{suffix}" for choice in (*known, *sorted(points)))
            raise ConfigError(
                f"{given}: choose from {names}, or give the dotted path of a class, such as "
                f"package.module.Class{suffix}"
            )
        point = EntryPoint(name, f"{module}:{attribute}", group)
    try:
        return point.load()
    except (ImportError, AttributeError) as exc:
        raise ConfigError(
            f"{given}, which stands for {point.value.replace(':', '.')}, but that cannot be "
            f"imported: {exc}"
        ) from exc


def misfit(given: str, part: object, contract: type) -> ConfigError:
    """Return the error for a ``part`` of a plugin that does not derive from ``contract``."""
    return ConfigError(
        f"{given}, which is not a {contract.__name__} but {type(part).__name__}: derive it "
        f"from {contract.__module__}.{contract.__name__}"
    )
