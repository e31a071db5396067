"""The ground: errors, settings, durations, database, leases, bus, keys, HTTP and telemetry."""
