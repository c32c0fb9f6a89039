"""Two lanes: short queries never wait for slow ones."""
