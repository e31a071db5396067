"""TLS between sidecars: both ends prove a SPIFFE id, TLS 1.3 only, secrets by SDS from files."""

from meshery.sandbox.render.names import (
    IDENTITY,
    IDENTITY_SECRET,
    SECRET_TYPE,
    TRUST,
    TRUST_SECRET,
    TYPE,
    Json,
    discovery_file,
    file_source,
)

_UPSTREAM = TYPE + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_DOWNSTREAM = TYPE + "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"

# Envoy's client ends at TLS 1.2 unless the maximum is set as well.
_VERSIONS = {
    "tls_minimum_protocol_version": "TLSv1_3",
    "tls_maximum_protocol_version": "TLSv1_3",
}


def client_socket(directory: str, *, peer: str) -> Json:
    """A caller's end: shows its own identity and accepts only `peer` (a SPIFFE id)."""
    name = {"san_type": "URI", "matcher": {"exact": peer}}
    context = _common(directory)
    context["alpn_protocols"] = ["h2"]
    context["combined_validation_context"] = {
        "default_validation_context": {"match_typed_subject_alt_names": [name]},
        "validation_context_sds_secret_config": _secret(directory, TRUST_SECRET),
    }
    return {
        "name": "tls",
        "typed_config": {"@type": _UPSTREAM, "common_tls_context": context},
    }


def server_socket(directory: str) -> Json:
    """A service's end: demands a certificate of the mesh."""
    context = _common(directory)
    context["alpn_protocols"] = ["h2", "http/1.1"]
    context["validation_context_sds_secret_config"] = _secret(directory, TRUST_SECRET)
    return {
        "name": "tls",
        "typed_config": {
            "@type": _DOWNSTREAM,
            "require_client_certificate": True,
            "common_tls_context": context,
        },
    }


def edge_socket(directory: str) -> Json:
    """The gateway's end towards the outside: shows a certificate, asks for none."""
    context: Json = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificate_sds_secret_configs": [_secret(directory, IDENTITY_SECRET)],
    }
    return {
        "name": "tls",
        "typed_config": {"@type": _DOWNSTREAM, "common_tls_context": context},
    }


def identity_file(*, certificate: bytes, key: bytes) -> Json:
    """The certificate and key of a sidecar (PEM), in one file so that they change together."""
    pair = {
        "certificate_chain": {"inline_string": certificate.decode("ascii")},
        "private_key": {"inline_string": key.decode("ascii")},
    }
    return discovery_file(SECRET_TYPE, [{"name": IDENTITY_SECRET, "tls_certificate": pair}])


def trust_file(trust: bytes) -> Json:
    """The authorities that a sidecar trusts (PEM). Envoy takes one secret a file."""
    trusted = {"trusted_ca": {"inline_string": trust.decode("ascii")}}
    return discovery_file(SECRET_TYPE, [{"name": TRUST_SECRET, "validation_context": trusted}])


def _common(directory: str) -> Json:
    return {
        "tls_params": dict(_VERSIONS),
        "tls_certificate_sds_secret_configs": [_secret(directory, IDENTITY_SECRET)],
    }


def _secret(directory: str, name: str) -> Json:
    file = IDENTITY if name == IDENTITY_SECRET else TRUST
    return {"name": name, "sds_config": file_source(f"{directory}/{file}")}
