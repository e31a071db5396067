"""Renewal of OpenID Connect id tokens for the `oidc` auth-provider of kubeconfigs.

The issuer's certificate is always checked, against the system's authorities or the one given: both
the issuer and the token endpoint it names are spoken to over TLS only (OpenID Connect Core 1.0,
section 16.17), since the refresh token and the client's secret travel there. Both are addresses
that a document names, so the guarded fetch asks them: private ones only where registered.
"""

import base64
import binascii
import ssl
from collections.abc import Mapping

import msgspec

from meshery.core.endpoints import endpoint_of
from meshery.core.errors import ForbiddenError, MesheryError, NotAuthenticatedError
from meshery.core.http import fetch
from meshery.kube.access import Oidc

TIME_S = 20.0
MAX_BYTES = 1_048_576


class _Discovery(msgspec.Struct, frozen=True):
    token_endpoint: str


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    refresh_token: str = ""


class _Claims(msgspec.Struct, frozen=True):
    exp: float = 0.0


def expiry_of(id_token: str) -> float:
    """When a token ends (Unix time in seconds); 0 when that cannot be read.

    It is not verified here: that is the API server's task.
    """
    parts = id_token.split(".")
    if len(parts) != 3:
        return 0.0
    try:
        claims = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(claims, type=_Claims).exp
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return 0.0


async def renew(oidc: Oidc) -> Oidc:
    """The same provider with a new id token. NotAuthenticatedError when it gives none."""
    if not oidc.refresh_token:
        raise _failure(oidc, "the id token ended, and there is no refresh token")
    trust = ssl.create_default_context(cadata=oidc.ca or None)
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        discovery = f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await _body(oidc, trust, discovery)
        endpoint = msgspec.json.decode(found, type=_Discovery).token_endpoint
        form = {"grant_type": "refresh_token", "refresh_token": oidc.refresh_token}
        answer = await _body(oidc, trust, endpoint, form=form)
        tokens = msgspec.json.decode(answer, type=_Tokens)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _failure(oidc, f"the issuer's answer is unreadable: {error}") from error
    return msgspec.structs.replace(
        oidc,
        id_token=tokens.id_token,
        refresh_token=tokens.refresh_token or oidc.refresh_token,
    )


async def _body(
    oidc: Oidc, trust: ssl.SSLContext, url: str, *, form: Mapping[str, str] | None = None
) -> bytes:
    """The body of a good answer; with `form`, of what the client posts as itself."""
    if not url.startswith("https://"):
        raise _failure(oidc, f"{url!r:.120} is not an https address")
    pair = base64.b64encode(f"{oidc.client_id}:{oidc.client_secret}".encode()).decode()
    try:
        answer = await fetch(
            url,
            headers={"Authorization": f"Basic {pair}"} if form else {},
            form=form,
            trust=trust,
            registered=oidc.registered,
            max_bytes=MAX_BYTES,
            timeout_s=TIME_S,
        )
    except ForbiddenError as error:
        remedy = f"list {endpoint_of(url)} in kubernetes.oidc_issuers, and connect it again"
        raise _failure(oidc, f"{error.what}: {error.cause}", remedy=remedy) from error
    except MesheryError as error:
        raise _failure(oidc, f"the issuer does not answer: {error.cause or error.what}") from error
    if answer.status != 200:
        raise _failure(oidc, f"the issuer answered {answer.status}")
    return answer.body


def _failure(oidc: Oidc, cause: str, *, remedy: str = "") -> NotAuthenticatedError:
    return NotAuthenticatedError(
        f"the login at {oidc.issuer} ended",
        cause=cause,
        remedy=remedy or "log in again (`kubectl oidc-login`), or use a ServiceAccount's token",
        code="meshery.kube.oidc",
    )
