"""The load generator of ours: an injector process on its own reactor, and its parent's side."""
