"""The concurrency lab: measures concurrency models on this machine, outside of any crawl.

Each command of ``scrapy lab`` has a folder: ``fetch``, ``serve``, ``hog``, ``advise``. They share
``model.py``, ``options.py``, ``figures.py``, ``system/`` and ``report/``.
"""
