"""The endpoints of the query service, one group per file."""
