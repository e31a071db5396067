"""`/docs`: the API on a page of our own, since the usual one loads scripts from elsewhere."""

import json
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "patch", "delete")


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every route with its parameters, body and answers."""
    return HTMLResponse(docs_page(request.app.openapi()))


def docs_page(openapi: dict[str, Any]) -> str:
    """The page of an OpenAPI document."""
    groups: dict[str, list[str]] = {}
    for path, item in sorted(openapi.get("paths", {}).items()):
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append(_route(path, method, item[method], openapi))
    sections = "".join(
        f"<h2>{escape(tag)}</h2>{''.join(routes)}" for tag, routes in sorted(groups.items())
    )
    title = escape(f"{openapi['info']['title']} {openapi['info']['version']}")
    return _PAGE.replace("TITLE", title).replace("SECTIONS", sections)


def _route(path: str, method: str, route: dict[str, Any], openapi: dict[str, Any]) -> str:
    summary = escape(route.get("summary", ""))
    description = escape(route.get("description", ""))
    return (
        f'<details><summary><b class="{method}">{method.upper()}</b> <code>{escape(path)}</code> '
        f"<span>{summary}</span></summary><p>{description}</p>"
        f"{_parameters(route)}{_body(route, openapi)}{_answers(route)}</details>"
    )


def _parameters(route: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(item['name'])}</code></td><td>{escape(item['in'])}</td>"
        f"<td>{escape(_kind(item.get('schema', {})))}</td>"
        f"<td>{escape(item.get('description', ''))}</td></tr>"
        for item in route.get("parameters", [])
    )
    return f"<h3>Parameters</h3><table>{rows}</table>" if rows else ""


def _body(route: dict[str, Any], openapi: dict[str, Any]) -> str:
    content = route.get("requestBody", {}).get("content", {})
    blocks = "".join(
        f"<pre>{escape(json.dumps(_resolved(item.get('schema', {}), openapi), indent=2))}</pre>"
        for item in content.values()
    )
    return f"<h3>Body</h3>{blocks}" if blocks else ""


def _answers(route: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td></tr>"
        for status, answer in route.get("responses", {}).items()
    )
    return f"<h3>Answers</h3><table>{rows}</table>" if rows else ""


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(item) for item in schema["anyOf"])
    return str(schema.get("type", schema.get("$ref", "any"))).rpartition("/")[2]


def _resolved(schema: Any, openapi: dict[str, Any], depth: int = 0) -> Any:
    """The schema with its references followed, six levels deep."""
    if isinstance(schema, list):
        return [_resolved(item, openapi, depth) for item in schema]
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and depth < 6:
        found = openapi.get("components", {}).get("schemas", {}).get(name, {})
        return _resolved(found, openapi, depth + 1)
    return {key: _resolved(value, openapi, depth) for key, value in schema.items()}


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>API - Meshery</title>
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --bg: #f7f8fa; --panel: #fff; --line: #e3e6eb; --text: #1b2330;
  --muted: #5d6878; --accent: #0b7a75; --bad: #b42318; --warn: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --bg: #0f141b; --panel: #161d27; --line: #273241;
  --text: #e6eaf0; --muted: #93a0b2; --accent: #3cc4bb; --bad: #f97066; --warn: #e0a92e; } }
body { margin: 0 auto; max-width: 920px; padding: 24px; background: var(--bg); color: var(--text);
  font: 14px/1.5 Inter, system-ui, sans-serif; }
h1 { font-size: 20px; } h2 { font-size: 16px; margin: 24px 0 8px; } h3 { font-size: 13px;
  color: var(--muted); margin: 12px 0 4px; }
details { background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  margin: 8px 0; padding: 8px 12px; }
summary { cursor: pointer; } summary span, p { color: var(--muted); }
summary b { display: inline-block; width: 64px; color: var(--accent); }
summary b.delete { color: var(--bad); } summary b.put, summary b.patch { color: var(--warn); }
table { border-collapse: collapse; width: 100%; } td { border-top: 1px solid var(--line);
  padding: 4px 8px; vertical-align: top; }
pre { overflow: auto; max-height: 320px; padding: 8px; border: 1px solid var(--line);
  border-radius: 8px; font-size: 12px; }
a { color: var(--accent); }
</style></head><body><h1>TITLE</h1>
<p>Errors are <code>application/problem+json</code> (RFC 9457). Programs send
<code>Authorization: Bearer</code> with the token in Meshery's home.
The machine-readable form: <a href="/openapi.json">/openapi.json</a>.</p>SECTIONS</body></html>
"""
