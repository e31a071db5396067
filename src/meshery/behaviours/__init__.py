"""The mesh-neutral model of traffic behaviours: kinds, parameters, fidelity and rendered results, without I/O."""
