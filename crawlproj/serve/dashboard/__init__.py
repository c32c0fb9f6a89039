"""The dashboard: pages made on the server, which a small script keeps up to date."""
