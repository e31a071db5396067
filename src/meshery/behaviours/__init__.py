"""The mesh-neutral model: kinds of behaviour, their parameters, and rendered results; no I/O."""
