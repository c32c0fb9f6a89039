"""Parquet files that grow with a crawl."""
