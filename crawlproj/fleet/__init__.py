"""Several workers on one machine that share one job: the supervisor, and its files and Redis."""
