"""From a world to Envoy's configuration: pure functions, always rendered anew from the whole."""
