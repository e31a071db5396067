"""Write the reference that follows from the code: settings, errors, behaviours, GraphQL's schema.

`python docs/generate.py` rewrites them; a test compares them with the code.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from meshery.behaviours.describe import Parameter, parameters_of, summary_of
from meshery.behaviours.model import Kind
from meshery.core import errors
from meshery.core.settings import load_settings
from meshery.server.graphql.schema import sdl

FOLDER = Path(__file__).parent / "reference"


def settings_page() -> str:
    """Every setting with its environment name, default and meaning."""
    rows = []
    for row in load_settings(environment={"MESHERY_HOME": "/nonexistent"}).rows():
        value = str(row.value).lower() if isinstance(row.value, bool) else str(row.value)
        default = "" if row.value in ("", ()) else f"`{value}`"
        rows.append(f"| `{row.name}` | `{row.environment}` | {default} | {row.meaning} |")
    return "\n".join([_SETTINGS, *rows, ""])


def errors_page() -> str:
    """Every kind of error with its status and exit code."""
    rows = [
        f"| `{kind.code}` | {kind.title} | {kind.http_status} | {kind.exit_code} |"
        for kind in errors.MesheryError.__subclasses__()
        if kind.__module__ == errors.__name__
    ]
    return "\n".join([_ERRORS, *rows, _EXITS, ""])


def behaviours_page() -> str:
    """Every kind of behaviour with its parameters."""
    parts = [_BEHAVIOURS]
    for kind in Kind:
        parts += [f"\n## {kind.value}\n", summary_of(kind), "", "| parameter | type |", "|---|---|"]
        parts += [f"| `{name}` | {words} |" for name, words in _rows(parameters_of(kind))]
    return "\n".join([*parts, ""])


def _rows(parameters: tuple[Parameter, ...], prefix: str = "") -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        name = f"{prefix}{parameter.name}"
        many = parameter.type.startswith("list of")
        words = ", ".join(f"`{choice}`" for choice in parameter.choices) or parameter.type
        yield name, f"{words} (required)" if parameter.required else words
        yield from _rows(parameter.fields, f"{name}{'[]' if many else ''}.")


_SETTINGS = """# Settings

One tree of settings; the later source wins: the default, the file `settings.yaml` in Meshery's home
(`~/.meshery`, or `MESHERY_HOME`), the environment, then flags. `mesheryctl system settings` shows each
value and where it came from. Durations are Go durations (`500ms`, `1h30m`).

```yaml
server:
  port: 9090
load:
  max_rps: 20000
```

| setting | environment | default | meaning |
|---|---|---|---|"""

_ERRORS = """# Errors

Every error says what happened, its probable cause and the remedy; the same in REST
(`application/problem+json`, RFC 9457), on the command line and on the pages. `errors` lists all faults
of an input at once, each with its path, line and a hint. More specific codes extend these with a dot.

| code | title | HTTP status | exit code |
|---|---|---|---|"""

_EXITS = """
Exit codes of `mesheryctl`: 0 done, 1 failed or partial, 2 usage, 3 server not reachable, 4 thresholds
violated, 5 timed out, 130 cancelled."""

_BEHAVIOURS = """# Behaviours

A behaviour is a document with `name`, `kind`, `target`, an optional `source` (the calling service) and `params`. `target: api` is short for
`target: {service: api}`; `canary` is another word for `split`. Durations are Go durations, percentages go from 0 to 100. Where a mesh can do
a part only, the result says so: `exact`, `approximate` or `unsupported`, with notes that name every parameter left out.

```yaml
name: canary
kind: split
target: {service: api}
params:
  backends:
    - {subset: v1, weight: 90}
    - {subset: v2, weight: 10}
```"""

PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "behaviours.md": behaviours_page,
    "schema.graphql": sdl,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())
