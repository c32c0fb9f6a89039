"""The ways to schedule the tasks, a module each; their table, and the job they are given."""
