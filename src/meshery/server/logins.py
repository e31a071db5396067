"""The local token, the one-time codes that turn it into a browser's cookie, and that cookie.

The token lies in the home, readable by its owner only. A cookie is `EXPIRY.NONCE.MAC`, signed with
a key derived from the token: it survives a restart of the server, and a new token ends all of them.
All comparisons take constant time.
"""

import hashlib
import hmac
import secrets
import time
from pathlib import Path

from meshery.client.home import TOKEN_FILE
from meshery.core.paths import private_dir, write_private

CODE_LIFETIME_S = 60.0
SESSION_LIFETIME_S = 7 * 24 * 3600.0
_MAX_CODES = 64


def load_token(home: Path) -> str:
    """The token of a home; a new one where there is none. Its mode is put right (0600)."""
    path = private_dir(home) / TOKEN_FILE
    if path.exists() and (token := path.read_text().strip()):
        path.chmod(0o600)
        return token
    token = secrets.token_urlsafe(32)
    write_private(path, token.encode())
    return token


class Logins:
    """Who may come in. Codes live in this process only; nothing here is stored."""

    def __init__(
        self,
        token: str,
        *,
        code_lifetime_s: float = CODE_LIFETIME_S,
        session_lifetime_s: float = SESSION_LIFETIME_S,
    ) -> None:
        self._code_lifetime_s = code_lifetime_s
        self._session_lifetime_s = session_lifetime_s
        self._token = token.encode()
        self._key = hashlib.sha256(b"meshery session\0" + self._token).digest()
        self._codes: dict[str, float] = {}

    def accepts_token(self, token: str) -> bool:
        """Whether this is the token of the home."""
        return hmac.compare_digest(token.encode(), self._token)

    def new_code(self) -> str:
        """A code for one login within its lifetime; the oldest go when there are too many."""
        self._forget_old()
        while len(self._codes) >= _MAX_CODES:
            self._codes.pop(next(iter(self._codes)))
        code = secrets.token_urlsafe(24)
        self._codes[_digest(code)] = time.monotonic() + self._code_lifetime_s
        return code

    def use_code(self, code: str) -> bool:
        """Whether a code is good; it is not a second time."""
        self._forget_old()
        return self._codes.pop(_digest(code), None) is not None

    def new_session(self) -> str:
        """The value of a cookie that is good for the lifetime of a session."""
        body = f"{int(time.time() + self._session_lifetime_s)}.{secrets.token_urlsafe(12)}"
        return f"{body}.{self._sign(body)}"

    def accepts_session(self, value: str) -> bool:
        """Whether a cookie is one of ours and still good."""
        body, _, mac = value.rpartition(".")
        if not hmac.compare_digest(mac.encode(), self._sign(body).encode()):
            return False
        expiry = body.partition(".")[0]
        return expiry.isdecimal() and int(expiry) > time.time()

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()

    def _forget_old(self) -> None:
        now = time.monotonic()
        self._codes = {code: end for code, end in self._codes.items() if end > now}


def cookie_name(port: int) -> str:
    """Cookies know no ports, so the name does: two servers on a machine keep apart."""
    return f"meshery_session_{port}"


def _digest(code: str) -> str:
    # A dictionary looks up by the digest, so its timing says nothing of the code.
    return hashlib.sha256(code.encode()).hexdigest()
