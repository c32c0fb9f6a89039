"""The code that answers a query, in blocking code, for WSGI and for ASGI."""
