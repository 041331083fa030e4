"""Serves many assistants over HTTP: who may come in, whose account they get, and how much of the server."""
