"""A section as fetch.py makes it, with figures of one's choice."""

from __future__ import annotations

from typing import Any

from crawlproj.lab.memory import per_unit
from crawlproj.lab.models import MODELS


def row(
    model: str, in_flight: int, *, broke: str = "", workers: int = 1, parse_ms: float = 0.0,
    **figures: float,
) -> dict[str, Any]:  # fmt: skip
    known = {
        "pages": 100, "wall_s": 1, "pages_per_s": 100, "ideal_per_s": 200, "efficiency": 0.5,
        "user_ms": 0.2, "system_ms": 0.1, "cpu_ms": 0.3, "voluntary": 1, "involuntary": 0.5,
        "pss_mb": 20, "p50_s": 0.1, "p99_s": 0.3, "most_in_flight": in_flight,
        "connections": in_flight, "opened": in_flight, "site_busy": 0.1, **figures,
    }  # fmt: skip
    measured = {
        name: None if broke else {"median": value, "low": value, "high": value}
        for name, value in known.items()
    }
    load = {"in_flight": in_flight, "workers": workers, "parse_ms": parse_ms}
    return {"model": model, **load, "broke": broke, **measured}


def section(cells: list[dict[str, Any]], **parts: Any) -> dict[str, Any]:
    names = dict.fromkeys(cell["model"] for cell in cells)
    made: dict[str, Any] = {
        "settings": {
            "latency": "fixed:100ms", "latency_s": 0.1, "page_bytes": 10_000, "parse_ms": 0.0,
            "in_flight": sorted({cell["in_flight"] for cell in cells}), "rounds": 3, "cores": 2,
            "url": "",
        },
        "models": {
            name: {
                "title": MODELS[name].title, "shows": "", "unit": MODELS[name].unit,
                "keeps": True, "most": MODELS[name].most, "unavailable": "",
            }
            for name in names
        },
        "cells": cells, "matrix": [], "reach": {}, "claims": [], **parts,
    }  # fmt: skip
    return {**made, "memory": per_unit(made)}
