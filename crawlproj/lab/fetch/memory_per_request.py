"""The memory that one more request in flight costs: the slope of PSS over in-flight. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.lab.figures import fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COMPARED = ("prefork", "thread-pool", "greenlets", "generators")
"""The cheapest model of a process, a thread, a greenlet and a generator."""


def memory_per_request(
    models: Mapping[str, Mapping[str, Any]], cells: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a row per model: model, unit, base_mb (with none in flight), kb_per_request.

    models, cells: as in the section of measure.py. A model has a row if its memory was measured at
    two loads or more. The number in flight is what the site saw, where it can tell: a model that
    cannot keep up has fewer than it is allowed.
    """
    rows, known = [], [cell for cell in cells if cell["pss_mb"]]
    for name, model in models.items():
        points = [
            (
                (cell["max_in_flight"] or {"median": cell["in_flight"]})["median"],
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
                    "kb_per_request": round(line.slope * 1000, 1),
                }
            )
    return rows
