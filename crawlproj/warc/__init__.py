"""WARC 1.1 archives of what went over the wire (ISO 28500), with CDXJ indexes."""
