"""``scrapy lab advise``: how many workers × in flight a workload wants, predicted and measured.

A *runner* (``own_site.py``, ``user_site.py``) crawls the workload under a load; a *sample* is what
a run was like; ``workload.py`` makes of samples what the queueing model of ``predict.py`` needs;
``choose.py`` recommends a load, which ``advising.py`` then measures.
"""
