"""Connections that only read, whose queries end when nobody waits for them any more."""
