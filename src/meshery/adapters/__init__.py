"""Adapters: what a mesh is, as data, and how behaviours become native objects."""
