"""Metadata lives in pyproject.toml; this file lets old tools (scrapyd's egg builder) find it."""

from setuptools import setup

# scrapyd reads this entry point to find the settings module inside a deployed egg.
setup(entry_points={"scrapy": ["settings = crawlproj.settings"]})
