"""The OAuth authorization server: people log in with their Tinylytics key, hosts get tokens of this server."""
