"""The tools of a model: the job it is given, HTTP clients, a Scrapy spider, forked children."""
