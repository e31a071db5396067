"""TLS for the injector: one context per kind of endpoint, made before the first slot."""

import ssl
from functools import cache

from meshery.performance.native.plan import EndpointPlan


def context_for(endpoint: EndpointPlan) -> ssl.SSLContext:
    """The context of an endpoint; equal wishes share one. OSError when `ca_file` cannot be read."""
    return _context(endpoint.verify, endpoint.ca_file)


@cache
def _context(verify: bool, ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file or None)
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
