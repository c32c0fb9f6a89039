"""Many workers on one machine, on one job: the supervisor and what it shares with its workers."""
