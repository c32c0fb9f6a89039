"""The settings of somebody else's project that has crawlproj's add-on, commands and spiders."""

ADDONS = {"crawlproj.addon.Addon": 300}
COMMANDS_MODULE = "crawlproj.commands"
SPIDER_MODULES = ["crawlproj.spiders"]
LOG_LEVEL = "WARNING"
