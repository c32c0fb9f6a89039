"""What takes the place of Scrapy's own way to run a request does so in one version only."""

import scrapy

from crawlproj._scrapy.runner import WRITTEN_FOR

collect_ignore = []
if scrapy.version_info[:2] != WRITTEN_FOR:
    collect_ignore += ["test_chains.py", "test_offsite.py", "test_runner.py"]
