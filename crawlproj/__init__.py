"""A Scrapy project that keeps every site as busy as it can bear, and survives being killed."""

__all__ = ["__version__"]

__version__ = "0.1.0"
"""The version, as ``pip`` shows it; pyproject.toml reads it from here."""
