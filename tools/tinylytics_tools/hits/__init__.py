"""Hits, the page views of a site: read, listed and created. `api` is below most families, so this imports nothing."""
