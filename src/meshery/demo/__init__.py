"""The main job end to end: a sandbox, what it costs, and behaviours proven by requests."""
