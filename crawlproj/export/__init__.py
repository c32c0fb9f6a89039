"""A table of the store as a file: the rows that are read, the formats that are written."""
