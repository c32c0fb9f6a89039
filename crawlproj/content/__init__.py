"""Pages as a browser reads them: one tree per page, from which everything else is read."""
