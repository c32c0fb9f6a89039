"""HTTP clients that several models share: one without I/O, one that blocks, a Scrapy spider."""
