"""What one more request in flight costs in memory: the slope of PSS over in-flight. Pure."""

from __future__ import annotations

from typing import Any

from crawlproj.lab.figures import fit


def per_unit(section: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row a model: model, unit, base_mb (without any in flight), kb_per_unit.

    In flight is what the site saw, where it is known: a model that cannot keep up has fewer than it
    may have. Only of models that were measured at two loads or more, and where memory is known.
    """
    rows = []
    for name, model in section["models"].items():
        points = [
            (
                (cell["most_in_flight"] or {"median": cell["in_flight"]})["median"],
                cell["pss_mb"]["median"],
            )
            for cell in section["cells"]
            if cell["model"] == name and cell["pss_mb"]
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
