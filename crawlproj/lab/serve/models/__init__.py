"""The concurrency models of serving, a module each, and ``table.py``, which lists them."""
