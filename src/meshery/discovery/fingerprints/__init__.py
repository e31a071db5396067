"""Which meshes run in a cluster, by evidence: tables as data, and a pure engine over them."""
