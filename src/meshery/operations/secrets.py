"""Inputs of operations hold references, never secrets: they are stored, shown and logged.

A guard against accidents, by the names of fields and by the look of private keys; it cannot know
every secret.
"""

from collections.abc import Iterator
from typing import Any

from meshery.core.errors import InvalidInputError, Problem

_WORDS = ("password", "passphrase", "secret", "token", "api_key", "private_key", "key_pem")


def refuse_secrets(document: dict[str, Any]) -> None:
    """InvalidInputError naming every field of an input that looks like a secret."""
    problems = [
        Problem(path, "looks like a secret", hint="store it, and pass the id it is stored under")
        for path in _suspects(document, "input")
    ]
    if problems:
        raise InvalidInputError(
            "an operation's input must not hold secrets",
            cause=", ".join(problem.path for problem in problems),
            remedy="store the secret and pass a reference to it",
            code="meshery.operation.secret",
            problems=problems,
        )


def _suspects(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            here = f"{path}.{name}"
            if isinstance(value, str) and value and _is_secret_name(str(name)):
                yield here
            else:
                yield from _suspects(value, here)
    elif isinstance(node, (list, tuple)):
        for position, value in enumerate(node):
            yield from _suspects(value, f"{path}[{position}]")
    elif isinstance(node, str) and "PRIVATE KEY-----" in node:
        yield path


def _is_secret_name(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return any(plain == word or plain.endswith(f"_{word}") for word in _WORDS)
