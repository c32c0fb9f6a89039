"""The demo web's weather over HTTP: crawlproj against stock Scrapy and AutoThrottle."""
