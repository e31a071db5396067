"""mesheryctl: a static root, lazily loaded nouns, and the processes' entry point."""
