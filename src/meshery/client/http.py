"""The server as a command sees it: paths in, plain data out, errors as ours.

A failed request raises the error the server described (its class by its code); a server that does
not answer raises UnavailableError with the next step. Import this module inside a command: httpx2
takes longer to load than the rest of the command line.
"""

import ssl
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx2
import msgspec

from meshery.client.sse import ServerEvent, read_events
from meshery.core.errors import DeadlineError, MesheryError, UnavailableError, error_from_dict

_RECONNECT_S = 0.5
_GIVE_UP_S = 30.0
_STREAM_SILENCE_S = 60.0
"""The server writes a comment every 10 s, so silence this long is a lost connection."""


class ServerClient:
    """A connection to one server. Synchronous; close it, or use it in a `with`."""

    def __init__(self, url: str, *, token: str = "", timeout_s: float = 30.0) -> None:
        self.url = url.rstrip("/")
        headers = {"Accept": "application/json", "User-Agent": "mesheryctl"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        # Proxies of the environment are for the internet, not for a server on this machine.
        # To read the authorities takes longer than most requests, and plain HTTP asks for none.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._http = httpx2.Client(
            base_url=self.url,
            headers=headers,
            timeout=timeout_s,
            trust_env=False,
            verify=nobody if self.url.startswith("http://") else True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        """GET a document; parameters that are None or empty text are left out."""
        return self.request("GET", path, params=params)

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
    ) -> Any:
        """POST plain data or structs as JSON."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self.request("POST", path, body=body, params=params, headers=headers)

    def put(self, path: str, body: Any, *, etag: str = "") -> Any:
        """PUT a document, under `If-Match` when its tag is given."""
        return self.request("PUT", path, body=body, headers={"If-Match": etag} if etag else {})

    def delete(self, path: str, **params: Any) -> Any:
        """DELETE; None where the answer is empty."""
        return self.request("DELETE", path, params=params)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One request. The document of the answer, None for an empty one, text for other types."""
        sent = dict(headers or {})
        content = None
        if body is not None:
            content = body if isinstance(body, bytes) else msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        try:
            response = self._http.request(
                method, path, content=content, params=_without_empty(params), headers=sent
            )
        except httpx2.TimeoutException as error:
            raise _too_slow(self.url, path) from error
        except httpx2.TransportError as error:
            raise _unreachable(self.url, str(error)) from error
        return _answer(response)

    def events(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str = ""
    ) -> Iterator[ServerEvent]:
        """Follow an event stream for ever; a broken connection is resumed after the last event.

        `after` is the cursor to start from. UnavailableError when there is no server at first, or
        when it stays away for 30 s later.
        """
        cursor, alive_at = after, float("-inf")
        while True:
            try:
                for event in self._stream(path, params, cursor):
                    cursor, alive_at = event.id or cursor, time.monotonic()
                    yield event
                alive_at = time.monotonic()
            except (httpx2.TransportError, UnavailableError) as error:
                if time.monotonic() - alive_at > _GIVE_UP_S:
                    raise _unreachable(self.url, str(error)) from error
            time.sleep(_RECONNECT_S)

    def stream_once(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        after: str = "",
        silence_s: float = _STREAM_SILENCE_S,
    ) -> Iterator[ServerEvent]:
        """Follow an event stream until the server ends it, or says nothing for `silence_s`."""
        try:
            yield from self._stream(path, params, after, silence_s)
        except httpx2.ReadTimeout:
            return
        except httpx2.TransportError as error:
            raise _unreachable(self.url, str(error)) from error

    def _stream(
        self,
        path: str,
        params: Mapping[str, Any] | None,
        after: str,
        silence_s: float = _STREAM_SILENCE_S,
    ) -> Iterator[ServerEvent]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        timeout = httpx2.Timeout(10.0, read=silence_s)
        with self._http.stream(
            "GET", path, params=_without_empty(params), headers=headers, timeout=timeout
        ) as response:
            if response.status_code >= 400:
                response.read()
                _answer(response)
            yield from read_events(response.iter_lines())


def _without_empty(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value not in (None, "")}


def _answer(response: httpx2.Response) -> Any:
    kind = response.headers.get("content-type", "")
    if response.status_code >= 400:
        raise _error_of(response, kind)
    if not response.content:
        return None
    return msgspec.json.decode(response.content) if "json" in kind else response.text


def _error_of(response: httpx2.Response, kind: str) -> MesheryError:
    if "json" in kind:
        try:
            document = msgspec.json.decode(response.content, type=dict[str, Any])
            return _by_status(error_from_dict(document), response.status_code)
        except msgspec.MsgspecError:
            pass  # another program's JSON: described below by its status
    return MesheryError(
        f"{response.request.method} {response.request.url} answered {response.status_code}",
        cause="the answer is not one of Meshery's; another program may listen there",
        remedy="check the address with `mesheryctl system status`",
        code="meshery.foreign_answer",
    )


def _by_status(error: MesheryError, status: int) -> MesheryError:
    """A finer code than its class's own leaves the class unknown: the status tells it."""
    kinds = {kind.http_status: kind for kind in reversed(MesheryError.__subclasses__())}
    kind = kinds.get(status)
    if type(error) is not MesheryError or kind is None:
        return error
    return kind(
        error.what,
        cause=error.cause,
        remedy=error.remedy,
        code=error.specific_code,
        severity=error.severity,
        problems=error.problems,
    )


def _unreachable(url: str, cause: str) -> UnavailableError:
    return UnavailableError(
        f"no Meshery server answers at {url}",
        cause=cause or "the connection was closed",
        remedy="start one with `mesheryctl system start`, or name another with --server",
        code="meshery.unavailable",
    )


def _too_slow(url: str, path: str) -> DeadlineError:
    return DeadlineError(
        f"{url}{path} did not answer in time",
        cause="the server is overloaded, or stopped by a debugger or a signal",
        remedy="look at `mesheryctl system status` and `mesheryctl system logs`",
    )
