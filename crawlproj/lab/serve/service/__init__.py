"""The service: its queries, and the code that answers them, blocking or as WSGI or ASGI."""
