"""Linkerd 2: sidecars of its own, Gateway API routes, policies that allow."""
