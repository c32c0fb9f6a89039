"""What one more request in flight costs in memory: the slope of PSS over in-flight. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.figures import fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COMPARED = ("prefork", "thread-pool", "greenlets", "generators")
"""A model of a process, a thread, a greenlet, a generator, each at its cheapest."""


def per_unit(
    models: Mapping[str, Mapping[str, Any]], cells: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a row a model: model, unit, base_mb (without any in flight), kb_per_unit.

    models, cells: as in fetch.py's section.
    In flight is what the site saw, where it is known: a model that cannot keep up has fewer than it
    may have. Only of models that were measured at two loads or more, and where memory is known.
    """
    rows, known = [], [cell for cell in cells if cell["pss_mb"]]
    for name, model in models.items():
        points = [
            (
                (cell["most_in_flight"] or {"median": cell["in_flight"]})["median"],
                cell["pss_mb"]["median"],
            )
            for cell in known
            if cell["model"] == name
        ]
        line = fit(points)
        if line is not None:
            rows.append(
                {
                    "model": name,
                    "unit": model["unit"],
                    "base_mb": round(line.base, 1),
                    "kb_per_unit": round(line.slope * 1000, 1),
                }
            )
    return rows
