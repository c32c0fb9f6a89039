"""``scrapy serve``: the query service and the dashboard over a store and a frontier."""
