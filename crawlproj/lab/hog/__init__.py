"""``scrapy lab hog``: one task that never yields among many short ones, and the GIL.

``models/`` has the ways to schedule them, ``measure.py`` measures each; ``gil.py`` measures CPU
work in threads and processes.
"""
