"""Metadata lives in pyproject.toml; this file lets old tools (scrapyd's egg builder) find it."""

from setuptools import setup

setup(
    entry_points={
        # scrapyd reads this to find the settings module inside a deployed egg.
        "scrapy": ["settings = crawlproj.settings"],
        # Scrapy has these commands in every project of the environment.
        "scrapy.commands": [
            "add = crawlproj.commands.add:Command",
            "drain = crawlproj.commands.drain:Command",
            "export = crawlproj.commands.export:Command",
            "fleet = crawlproj.commands.fleet:Command",
            "limit = crawlproj.commands.limit:Command",
            "migrate = crawlproj.commands.migrate:Command",
            "pause = crawlproj.commands.pause:Command",
            "prioritize = crawlproj.commands.prioritize:Command",
            "replay = crawlproj.commands.replay:Command",
            "requeue = crawlproj.commands.requeue:Command",
            "resume = crawlproj.commands.resume:Command",
            "serve = crawlproj.commands.serve:Command",
            "skip = crawlproj.commands.skip:Command",
            "status = crawlproj.commands.status:Command",
        ],
    }
)
