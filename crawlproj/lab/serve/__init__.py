"""``scrapy lab serve``: short and slow queries to a web back end under every concurrency model.

``models/`` has the models, ``applications/`` the code that answers a query for several of them.
``load_generator.py`` sends the queries, ``measure.py`` measures every model.
"""
