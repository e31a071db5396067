"""The operator: it keeps a broker (NATS) and the watcher (MeshSync) of a cluster as asked for."""
