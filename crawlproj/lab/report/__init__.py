"""The results as tables on a terminal, as ``lab.json``, and as one HTML page."""
