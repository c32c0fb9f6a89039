"""Simulated sites under the policies of the field, in virtual time.

See docs/explanation/benchmarks.md.
"""
