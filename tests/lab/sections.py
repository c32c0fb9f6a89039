"""Sections of lab.json with given figures."""

from __future__ import annotations

from typing import Any

from crawlproj.lab.fetch.memory_per_request import memory_per_request
from crawlproj.lab.fetch.models.table import MODELS


def row(
    model: str, in_flight: int, *, failure: str = "", workers: int = 1, parse_ms: float = 0.0,
    **figures: float,
) -> dict[str, Any]:  # fmt: skip
    known = {
        "pages": 100, "wall_s": 1, "pages_per_s": 100, "ideal_per_s": 200, "efficiency": 0.5,
        "user_ms": 0.2, "system_ms": 0.1, "cpu_ms": 0.3, "voluntary": 1, "involuntary": 0.5,
        "pss_mb": 20, "p50_s": 0.1, "p99_s": 0.3, "max_in_flight": in_flight,
        "max_connections": in_flight, "connections_opened": in_flight, "site_busy": 0.1, **figures,
    }  # fmt: skip
    measured = {
        name: None if failure else {"median": value, "low": value, "high": value}
        for name, value in known.items()
    }
    load = {"in_flight": in_flight, "workers": workers, "parse_ms": parse_ms}
    return {"model": model, **load, "failure": failure, **measured}


def section(cells: list[dict[str, Any]], **parts: Any) -> dict[str, Any]:
    names = dict.fromkeys(cell["model"] for cell in cells)
    made: dict[str, Any] = {
        "settings": {
            "latency": "fixed:100ms", "latency_s": 0.1, "page_bytes": 10_000, "parse_ms": 0.0,
            "in_flight": sorted({cell["in_flight"] for cell in cells}), "rounds": 3, "cores": 2,
            "url": "",
        },
        "models": {name: MODELS[name].describe() | {"unavailable": ""} for name in names},
        "cells": cells, "matrix": [], "stress": {}, "claims": [], **parts,
    }  # fmt: skip
    return {**made, "memory": memory_per_request(made["models"], made["cells"])}


def figure(value: float) -> dict[str, float]:
    return {"median": value, "low": value * 0.9, "high": value * 1.2}


def serve_section(*names: str, **parts: Any) -> dict[str, Any]:
    seconds = {
        "alone_p50_s": 0.003, "alone_p99_s": 0.01, "mixed_p50_s": 0.004, "mixed_p99_s": 0.06,
        "slow_p50_s": 0.21, "sent_late_p99_s": 0.001,
    }  # fmt: skip
    others = {"refused": figure(0.0), "pss_mb": figure(20)}
    figures = {name: figure(value) for name, value in seconds.items()} | others
    return {
        "settings": {
            "rate": 150.0, "seconds": 2.5, "slow_share": 0.05, "slow_s": 0.2, "limit_s": 1.0,
            "slots": 4, "rounds": 2, "at_once": 1,
        },
        "models": {name: {"title": name, "waits_in": "4", "unavailable": ""} for name in names},
        "rows": [{"model": name, "failure": "", **figures} for name in names],
        "claims": [], **parts,
    }  # fmt: skip


def hog_section(*names: str, **parts: Any) -> dict[str, Any]:
    figures = {
        "before_p50_s": figure(0.0001), "before_p99_s": figure(0.002),
        "before_max_s": figure(0.003), "during_p50_s": figure(0.2), "during_p99_s": figure(0.4),
        "during_max_s": figure(0.5),
        "hog_wall_s": figure(0.5),
    }  # fmt: skip
    gil = [
        {
            "interpreter": "3.11", "gil": True, "kind": kind, "unit": unit,
            "speedup": {"1": 1.0, "2": 1.5, "4": 1.6},
        }
        for kind in ("python", "hash") for unit in ("threads", "processes")
    ]  # fmt: skip
    return {
        "settings": {
            "tasks": 100, "turns": 155, "period_s": 0.01, "hog_after_s": 0.3, "hog_cpu_s": 0.5,
            "start": 0.0, "rounds": 3,
        },
        "models": {name: {"title": name, "switched_by": "", "unavailable": ""} for name in names},
        "rows": [{"model": name, "failure": "", **figures} for name in names],
        "gil": [*gil, {"interpreter": "", "unavailable": "no python3.13t"}],
        "claims": [], **parts,
    }  # fmt: skip


def advise_section(**parts: Any) -> dict[str, Any]:
    rows = [
        {"workers": n, "in_flight": n * c, "pages_per_s": 10.0 * n * c, "bottleneck": "waiting"}
        for n in (1, 2) for c in (1, 8, 32)
    ]  # fmt: skip
    return {
        "workload": "https://example.org",
        "settings": {"cores": 2, "free_cores": [1.0, 2.0], "rounds": 1, "max_in_flight": 64},
        "sampled": {
            "pages": 120, "latency_s": 0.1, "latency_p50_s": 0.1, "latency_p90_s": 0.2,
            "latency_p99_s": 0.3, "costs": [],
        },
        "candidates": rows,
        "recommended": {
            **rows[2], "rounds": [], "measured_per_s": 300.0, "measured_pages": 300,
            "deviation": 0.067, "reasons": [], "snippet": ["CONCURRENT_REQUESTS = 32"],
        },
        **parts,
    }  # fmt: skip
