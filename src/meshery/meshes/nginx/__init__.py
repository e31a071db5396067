"""NGINX Service Mesh 1.2 to 2.0: SMI objects, and its own for rate limits and circuit breakers.

Not sold since 2023-07-01, archived on 2024-03-14. Its chart stays in public and is installable
where a person accepts that it ended; the sidecar's images need a registry that F5 may close.
RetryTimeoutConfig stands in the repository after 2.0.0 and was never released: it is not rendered.
All operations of the original are kept.
"""
