"""Octarine: policies in its vendor's service, agents and sidecars in the cluster.

VMware bought it in 2020 and the product ended; it had no API in the cluster, so nothing is rendered
and nothing installed. `octarine_install` is left out (its control plane and `octactl` are gone), as
is `octarine_vet`, which asked that control plane.
"""
