"""Connectors: they talk to the world, and know neither our database nor Flask."""
