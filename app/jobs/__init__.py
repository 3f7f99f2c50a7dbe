"""Jobs: thin. Each claims work, calls the world, and hands the answer to a service."""
