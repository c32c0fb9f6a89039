"""The ways to schedule the tasks, a module each, and ``table.py``, which lists them."""
