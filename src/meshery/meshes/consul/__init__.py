"""Consul's mesh on Kubernetes: config entries as custom resources, one a kind and name."""
