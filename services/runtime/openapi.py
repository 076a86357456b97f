"""What a route declares, and the OpenAPI 3.1 description that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.runtime.access.gate import Rule
from services.runtime.errors import Problem

JSON = "application/json"
PROBLEM = "application/problem+json"
_REF = "#/components/schemas/{model}"
_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "Mã truy cập / an API token: ggn_… (giaingan token create).",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "Chỉ để đọc / for reading only: the token as the password, any user name.",
    },
    "inUrl": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "Chỉ mã của nguồn tin / only a feed's token: giaingan token create --scope feed.",
    },
}


@dataclass(frozen=True, slots=True)
class Route:
    """A function bound to a method and a path, and all that is known of it."""

    path: str
    method: str
    handler: Callable[..., Any]
    summary: str
    rule: Rule
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    read_body: Callable[[bytes], BaseModel] | None
    form: Mapping[str, Any] | None
    # OpenAPI parameter objects, for the description alone.
    headers: Sequence[Mapping[str, Any]]
    response: type[BaseModel] | None
    media_type: str
    # The first is the usual one.
    statuses: tuple[int, ...]
    problems: tuple[int, ...]
    # Media type of a refusal that is asked for with Accept, by status.
    refusal_media_types: Mapping[int, str]
    # The same answer in another form, where Accept or the query asks for it.
    other_media_types: tuple[str, ...] = ()


def described(
    routes: Sequence[Route], *, info: Mapping[str, str], known_values: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the routes."""
    models = {m for r in routes for m in (r.query, r.body, r.response) if m} | {Problem}
    _, definitions = models_json_schema(
        [(m, "validation" if any(m is r.body for r in routes) else "serialization") for m in models],
        ref_template=_REF,
    )
    _, asked = models_json_schema([(r.body, "validation") for r in routes if r.body], ref_template=_REF)
    # What may be sent, not what is answered: aggregation holds what others wrote to the topics too.
    for model in asked.get("$defs", {}):
        for name, field in definitions["$defs"][model].get("properties", {}).items():
            if name in known_values:
                field["enum"] = list(known_values[name])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        # <path:code> is a code that may hold slashes: one parameter all the same.
        path = route.path.replace("<path:", "<").replace("<", "{").replace(">", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": dict(info),
        "paths": paths,
        "components": {"schemas": definitions["$defs"], "securitySchemes": _SECURITY_SCHEMES},
    }


def _operation(route: Route) -> dict[str, Any]:
    content = {route.media_type: _schema_of(route.response) if route.response else {}}
    content |= {media_type: {} for media_type in route.other_media_types}
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "description": _who_may(route.rule),
        "security": _security(route),
        "parameters": [],
        "responses": {str(status): {"description": "Done.", "content": content} for status in route.statuses},
    }
    for name in [part[1:-1].removeprefix("path:") for part in route.path.split("/") if part.startswith("<")]:
        operation["parameters"].append(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        )
    if route.query:
        operation["parameters"] += _query_parameters(route.query)
    operation["parameters"] += [dict(header) for header in route.headers]
    if route.body:
        operation["requestBody"] = {"required": True, "content": {JSON: _schema_of(route.body)}}
    if route.form:
        operation["requestBody"] = {
            "required": True,
            "content": {"multipart/form-data": {"schema": dict(route.form)}},
        }
    for status in sorted(_problems(route)):
        operation["responses"][str(status)] = {
            "description": "A problem (RFC 9457).",
            "content": {PROBLEM: _schema_of(Problem)},
        }
    for status, media_type in route.refusal_media_types.items():
        operation["responses"][str(status)]["content"][media_type] = {}
    return operation


def _problems(route: Route) -> set[int]:
    problems = set(route.problems)
    if route.query or route.body or route.form:
        problems |= {400, 422}
    if route.body or route.form:
        problems |= {413, 415}
    if route.rule.is_limited:
        problems |= {503}
    if route.rule.scopes:
        problems |= {401, 403, 429}
    return problems


def _security(route: Route) -> list[dict[str, list[str]]]:
    if not route.rule.scopes:
        return []
    known: list[dict[str, list[str]]] = [{"bearer": []}]
    if route.method == "GET":
        known.append({"basic": []})
    if route.rule.token_in_url:
        known.append({"inUrl": []})
    return known


def _who_may(rule: Rule) -> str:
    if not rule.scopes:
        return "Không cần mã truy cập / no token is needed."
    scopes: Iterable[str] = (f"`{scope}`" for scope in rule.scopes)
    unit = ", chỉ mã không gắn đơn vị / only a token without unit" if rule.whole else ""
    return f"Quyền / scope: {' hoặc / or '.join(scopes)}{unit}."


def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return {"schema": {"$ref": _REF.format(model=model.__name__)}}


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": field.get("description", ""),
            "schema": {key: value for key, value in field.items() if key != "description"},
        }
        for name, field in schema["properties"].items()
    ]
