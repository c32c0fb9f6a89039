"""``scrapy lab hog``: one task that never yields among many short ones, and the GIL.

``models/`` has the ways to schedule the tasks, ``measure.py`` measures each of them. ``gil.py``
measures CPU work in threads and processes.
"""
