"""The mesh on this machine: real Envoy sidecars and sample applications as local processes."""
