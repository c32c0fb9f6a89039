"""Named queries of a user's own database, each an endpoint with parameters, lane and limits."""
