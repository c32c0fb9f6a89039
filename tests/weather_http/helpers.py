from __future__ import annotations

from benchmarks.weather_http.measures import Figures

PERFECT = Figures(
    pages=1000,
    pages_per_s=100.0,
    goodput=1.0,
    requests=1000,
    errors=0.0,
    p50_s=0.1,
    p99_s=0.2,
    server_p50_s=0.1,
    server_p99_s=0.2,
    jain=1.0,
    worst_site=1.0,
    recovery_s=1.0,
    probes_per_s=0.5,
    cpu_s=1.0,
    rss_mb=100.0,
    server_cpu_s=1.0,
    by_site={},
    served=(),
    failed=(),
    in_flight=(),
)
"""A crawl that meets every requirement."""
