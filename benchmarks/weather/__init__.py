"""Common admission policies on simulated sites, in virtual time.

See docs/explanation/benchmarks.md.
"""
