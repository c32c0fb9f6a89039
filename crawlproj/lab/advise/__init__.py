"""``scrapy lab advise``: how many workers and requests in flight a workload needs.

``crawls/`` crawls the workload and takes samples, ``prediction/`` predicts pages/s from them, and
``advisor.py`` recommends a load and measures it.
"""
