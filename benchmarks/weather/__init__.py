"""Simulated sites under the policies of the field, in virtual time; see docs/benchmarks.md."""
