"""``scrapy lab serve``: short and slow queries to a web back end under every concurrency model.

``models/`` has the models, ``service/`` the queries they serve. ``load_generator.py`` sends the
queries, ``measure.py`` measures every model.
"""
