"""Istio, with sidecars and in ambient mode: what it is, and how behaviours become its objects."""
