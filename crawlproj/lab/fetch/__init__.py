"""``scrapy lab fetch``: the same pages fetched under every concurrency model.

``models/`` has the models, ``toolkit/`` the code they share, ``site/`` the site they fetch from.
``run.py`` measures one run, ``measure.py`` all of them.
"""
