"""Who may ask, from where, and what a browser may do with the answer: ASGI middlewares."""
