"""Headers that go out with every answer: what a browser may do with our pages.

Vue compiles templates in the browser and NiceGUI starts its pages by an inline script, hence
`unsafe-eval` and `unsafe-inline`; everything else comes from our own host and nothing may frame us.
"""

from starlette.datastructures import MutableHeaders

_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

_FIXED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def add_security_headers(headers: MutableHeaders, *, host: str, is_private: bool) -> None:
    """Put them on an answer. `host`: the request's own, for its sockets; `is_private`: no store."""
    connect = f"'self' ws://{host} wss://{host}" if host else "'self'"
    policy = "; ".join(f"{name} {value}" for name, value in _POLICY.items())
    headers["content-security-policy"] = f"{policy}; connect-src {connect}"
    for name, value in _FIXED.items():
        headers[name] = value
    if is_private:
        headers["cache-control"] = "no-store"
