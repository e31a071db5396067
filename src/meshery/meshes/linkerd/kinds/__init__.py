"""Linkerd's own kinds, with schemas typed from the CRDs of its chart."""
