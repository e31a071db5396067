"""Istio's native kinds and their schemas, typed by hand from the vendor's reference."""
