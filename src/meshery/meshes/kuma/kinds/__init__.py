"""Kuma's kinds that are rendered here, with their schemas, typed from the vendor's reference."""
