"""Benchmarks; see docs/explanation/benchmarks.md. Nothing here is part of the package."""
