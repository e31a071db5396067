"""A running Envoy: its files, its admin socket, its statistics, and whether it took what it got."""
