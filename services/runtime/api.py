"""Binds functions to HTTP routes: Pydantic reads the request, the answer and OpenAPI 3.1 follow from it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, Response, has_request_context, request
from flask_swagger_ui import get_swaggerui_blueprint
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from werkzeug.exceptions import HTTPException

from services.runtime import logs, metrics
from services.runtime.errors import FieldError, Problem, ProblemError, shortened
from services.runtime.field_faults import MEND, as_json, field_errors
from services.runtime.kafka_client import BrokerUnavailableError
from services.runtime.postgres import CONNECTION_ERRORS

_log = logs.get(__name__)
_REF = "#/components/schemas/{model}"
_PROBLEM = "application/problem+json"
_JSON = "application/json"

ModelT = TypeVar("ModelT", bound=BaseModel)
# Why a dependency is not usable now; empty when it is.
ReadinessCheck = Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Route:
    path: str
    method: str
    handler: Callable[..., Any]
    summary: str
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    read_body: Callable[[bytes], BaseModel] | None
    form: Mapping[str, Any] | None
    response: type[BaseModel] | None
    media_type: str
    # The first is the usual one.
    statuses: tuple[int, ...]
    problems: tuple[int, ...]


class Api:
    """The HTTP side of one service: its routes, problems, health, metrics, OpenAPI and docs page."""

    def __init__(
        self,
        *,
        service: str,
        title: str,
        description: str,
        max_body_bytes: int,
        known_values: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """``known_values``: what the policy lets stand in a field, by its name, for the description."""
        self.app = Flask(service, static_folder=None)
        self.app.config["MAX_CONTENT_LENGTH"] = max_body_bytes
        self._service = service
        self._info = {"title": title, "version": "1", "description": description}
        self._known_values = dict(known_values or {})
        self._routes: list[_Route] = []
        self._checks: dict[str, ReadinessCheck] = {}
        self._install_errors()
        self._install_metrics()
        self._install_operations()

    def route(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        query: type[BaseModel] | None = None,
        body: type[BaseModel] | None = None,
        read_body: Callable[[bytes], BaseModel] | None = None,
        form: Mapping[str, Any] | None = None,
        response: type[BaseModel] | None = None,
        media_type: str = _JSON,
        status: int = 200,
        other_statuses: tuple[int, ...] = (),
        problems: tuple[int, ...] = (),
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Bind a function. It is called with the path's values, then ``query`` and ``body`` if declared,
        and returns ``response`` or a Flask response of ``media_type``.

        ``other_statuses`` carry the same answer. ``read_body`` reads the body in place of
        ``body.model_validate_json``: to find more faults at once.
        """

        def bind(handler: Callable[..., Any]) -> Callable[..., Any]:
            declared = _Route(
                path=path,
                method=method,
                handler=handler,
                summary=summary,
                query=query,
                body=body,
                read_body=read_body or (body.model_validate_json if body else None),
                form=form,
                response=response,
                media_type=media_type,
                statuses=(status, *other_statuses),
                problems=problems,
            )
            self._routes.append(declared)
            endpoint = f"{method} {path}"
            self.app.add_url_rule(path, endpoint, self._view(declared), methods=[method])
            return handler

        return bind

    def ready_when(self, name: str, check: ReadinessCheck) -> None:
        """Add a dependency to /readyz."""
        self._checks[name] = check

    # --- requests ----------------------------------------------------------------------------

    def _view(self, route: _Route) -> Callable[..., Response]:
        def view(**path_values: Any) -> Response:
            _refuse_nul({**path_values, **request.args})
            arguments: dict[str, Any] = dict(path_values)
            if route.query:
                arguments["query"] = _read_query(route.query)
            if route.read_body:
                arguments["body"] = _read_body(route.read_body)
            answer = route.handler(**arguments)
            if isinstance(answer, Response):
                return answer
            return Response(answer.model_dump_json(), route.statuses[0], content_type=_JSON)

        return view

    def _install_errors(self) -> None:
        @self.app.errorhandler(ProblemError)
        def known(error: ProblemError) -> Response:
            response = Response(
                error.problem.model_dump_json(exclude_defaults=False),
                error.problem.status,
                content_type=_PROBLEM,
            )
            response.headers.update(error.headers)
            return response

        @self.app.errorhandler(HTTPException)
        def http(error: HTTPException) -> Response:
            status = error.code or 500
            code = (error.name or "error").lower().replace(" ", "-")
            response = known(ProblemError(status, code, error.name, error.description or ""))
            for name, value in error.get_headers():
                if name == "Allow":
                    response.headers[name] = value
            return response

        @self.app.errorhandler(BrokerUnavailableError)
        def no_broker(error: BrokerUnavailableError) -> Response:
            _log.warning("answered 503", error=str(error))
            return known(
                ProblemError(
                    503,
                    "broker-unavailable",
                    "The message broker does not answer",
                    "Send the same request again later.",
                    retry_after_seconds=2,
                )
            )

        @self.app.errorhandler(Exception)
        def unknown(error: Exception) -> Response:
            if isinstance(error, CONNECTION_ERRORS):
                _log.warning("answered 503", error=str(error).strip())
                return known(
                    ProblemError(
                        503,
                        "database-unavailable",
                        "The database does not answer",
                        "Send the same request again later.",
                        retry_after_seconds=2,
                    )
                )
            _log.exception("request failed", path=request.path, method=request.method)
            return known(ProblemError(500, "internal-error", "The service failed; the log says why"))

    def _install_metrics(self) -> None:
        @self.app.before_request
        def start() -> None:
            request.environ["giaingan.started"] = time.monotonic()

        @self.app.after_request
        def observe(response: Response) -> Response:
            route = request.url_rule.rule if request.url_rule else "(none)"
            seconds = time.monotonic() - request.environ["giaingan.started"]
            metrics.HTTP_REQUESTS.labels(self._service, route, request.method, response.status_code).inc()
            metrics.HTTP_SECONDS.labels(self._service, route).observe(seconds)
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

    # --- operations --------------------------------------------------------------------------

    def _install_operations(self) -> None:
        @self.route("GET", "/healthz", summary="Whether the process answers. Never asks a dependency.")
        def healthz() -> Response:
            return Response('{"status":"ok"}', content_type=_JSON)

        @self.route(
            "GET", "/readyz", summary="Whether the service can work now, by dependency.", problems=(503,)
        )
        def readyz() -> Response:
            reasons = {name: reason for name, check in self._checks.items() if (reason := check())}
            if not reasons:
                return Response('{"status":"ready"}', content_type=_JSON)
            errors = [
                FieldError(code="not-ready", where=name, detail=reason) for name, reason in reasons.items()
            ]
            raise ProblemError(
                503, "not-ready", "The service cannot work yet", errors=errors, retry_after_seconds=1
            )

        @self.route(
            "GET", "/metrics", summary="Metrics for Prometheus.", media_type="text/plain; version=1.0.0"
        )
        def metrics_page() -> Response:
            return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

        @self.route("GET", "/openapi.json", summary="This description (OpenAPI 3.1).")
        def openapi() -> Response:
            return Response(json.dumps(self.openapi(), ensure_ascii=False), content_type=_JSON)

        docs = get_swaggerui_blueprint(
            "/docs", "/openapi.json", config={"app_name": self._info["title"], "validatorUrl": None}
        )
        self.app.register_blueprint(docs)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 description of every bound route."""
        models = {m for r in self._routes for m in (r.query, r.body, r.response) if m} | {Problem}
        _, definitions = models_json_schema(
            [
                (m, "validation" if any(m is r.body for r in self._routes) else "serialization")
                for m in models
            ],
            ref_template=_REF,
        )
        for schema in definitions["$defs"].values():
            for name, described in schema.get("properties", {}).items():
                if name in self._known_values:
                    described["enum"] = list(self._known_values[name])
        paths: dict[str, dict[str, Any]] = {}
        for route in self._routes:
            path = route.path.replace("<", "{").replace(">", "}")
            paths.setdefault(path, {})[route.method.lower()] = _operation(route)
        return {
            "openapi": "3.1.0",
            "info": self._info,
            "paths": paths,
            "components": {"schemas": definitions["$defs"]},
        }


def _operation(route: _Route) -> dict[str, Any]:
    content = {route.media_type: _schema_of(route.response) if route.response else {}}
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [],
        "responses": {str(status): {"description": "Done.", "content": content} for status in route.statuses},
    }
    for name in [part[1:-1] for part in route.path.split("/") if part.startswith("<")]:
        operation["parameters"].append(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        )
    if route.query:
        operation["parameters"] += _query_parameters(route.query)
    if route.body:
        operation["requestBody"] = {"required": True, "content": {_JSON: _schema_of(route.body)}}
    if route.form:
        operation["requestBody"] = {
            "required": True,
            "content": {"multipart/form-data": {"schema": dict(route.form)}},
        }
    problems = set(route.problems)
    if route.query or route.body or route.form:
        problems |= {400, 422}
    if route.body or route.form:
        problems |= {413, 415, 503}
    for status in sorted(problems):
        operation["responses"][str(status)] = {
            "description": "A problem (RFC 9457).",
            "content": {_PROBLEM: _schema_of(Problem)},
        }
    return operation


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


def _refuse_nul(values: Mapping[str, str]) -> None:
    """No name or code holds U+0000, and PostgreSQL takes no text with it."""
    errors = [
        FieldError(
            code="invalid-character",
            where=name,
            read=as_json(value),
            detail="holds U+0000",
            mend=MEND["invalid-character"],
        )
        for name, value in values.items()
        if "\0" in value
    ]
    if errors:
        raise invalid(errors)


def _read_query(model: type[ModelT]) -> ModelT:
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise invalid(
            [
                FieldError(code="repeated", where=name, detail="given twice", mend=MEND["repeated"])
                for name in repeated
            ]
        )
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise invalid(field_errors(error)) from error


def _read_body(read: Callable[[bytes], BaseModel]) -> BaseModel:
    if request.mimetype != _JSON:
        raise ProblemError(
            415,
            "not-json",
            "The body is not declared as JSON",
            f"Content-Type is {shortened(request.mimetype)!r}; send application/json.",
        )
    content = request.get_data()
    if not content:
        raise ProblemError(400, "empty-body", "The body is empty", "Send a JSON object.")
    try:
        return read(content)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise ProblemError(400, "malformed-json", "The body is not JSON", first["msg"]) from error
        raise invalid(field_errors(error)) from error


def uuid_of(text: str) -> UUID | None:
    """The UUID that a path names, in its usual spelling; ``None`` for any other text."""
    try:
        known = UUID(text)
    except ValueError:
        return None
    return known if str(known) == text.lower() else None


def invalid(errors: list[FieldError]) -> ProblemError:
    """422: understood, and refused as a whole; every fault is named."""
    is_question = has_request_context() and request.method in ("GET", "HEAD")
    return ProblemError(
        422,
        "invalid",
        "The question cannot be read" if is_question else "Refused: nothing was accepted",
        f"{len(errors)} fault(s), each in errors.",
        errors=errors,
    )
