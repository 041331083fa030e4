"""Serves many clients over HTTP: authentication, accounts, sessions and limits."""
