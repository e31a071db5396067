"""Cilium: a network plug-in whose eBPF and node proxies do what other meshes do with sidecars."""
