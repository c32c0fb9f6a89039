"""``scrapy lab fetch``: the same pages fetched under every concurrency model.

``models/`` has the models, ``site/`` the site they fetch from, ``clients/`` the HTTP clients that
several models share. ``run.py`` measures one run, ``measure.py`` all of them.
"""
