"""Benchmarks; see docs/benchmarks.md. Nothing here is part of the package."""
