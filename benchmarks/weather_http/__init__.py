"""Sites with weather over HTTP: crawlproj against stock Scrapy and AutoThrottle."""
