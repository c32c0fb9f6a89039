"""The concurrency lab: the same waiting under every concurrency model, measured.

Nothing of a crawl imports it. What its models need beyond a crawl's requirements is the extra
``lab``.
"""
