"""Consul's own kinds, with schemas typed from the types of its controller."""
