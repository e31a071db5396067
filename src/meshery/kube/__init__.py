"""Kubernetes as a library: what talks to an API server, and a control plane of this machine's."""
