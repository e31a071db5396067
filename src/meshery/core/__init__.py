"""The ground: errors, settings, durations, database, leases, bus, keys, outbound HTTP and telemetry."""
