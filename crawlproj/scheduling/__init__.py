"""Everything between Scrapy, which asks synchronously, and a frontier, which answers later."""
