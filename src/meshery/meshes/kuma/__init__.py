"""Kuma 2.x and 3.x: policies of a mesh that select proxies, destinations and clients."""
