"""Traefik Mesh 1.4: annotations of Services and SMI objects; a proxy on each node, no sidecars.

Callers opt in by the name that they call (`api.shop.traefik.mesh`). Not under active development;
its chart repository is read-only. All operations of the original are kept.
"""
