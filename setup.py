"""Metadata lives in pyproject.toml; this file lets old tools (scrapyd's egg builder) find it."""

from setuptools import setup

setup(
    entry_points={
        # scrapyd reads this to find the settings module inside a deployed egg.
        "scrapy": ["settings = crawlproj.settings"],
        # Scrapy has these commands in every project of the environment.
        "scrapy.commands": [
            "export = crawlproj.commands.export:Command",
            "fleet = crawlproj.commands.fleet:Command",
            "migrate = crawlproj.commands.migrate:Command",
            "replay = crawlproj.commands.replay:Command",
            "serve = crawlproj.commands.serve:Command",
            "status = crawlproj.commands.status:Command",
        ],
    }
)
