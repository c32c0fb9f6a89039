"""The formats of an export, one in each file."""
