"""Short queries while slow ones flood: ``scrapy serve`` beside Datasette, on the same file."""
