"""The concurrency models of fetching, a module each, and ``table.py``, which lists them."""
