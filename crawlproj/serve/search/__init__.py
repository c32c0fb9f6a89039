"""Full-text search: one syntax over the indexes of both stores."""
