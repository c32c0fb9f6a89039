"""The same spiders with and without the add-on: what comes out must be the same."""
