"""Binds functions to HTTP routes: Pydantic reads the request, the answer and OpenAPI 3.1 follow from it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, Response, g, has_request_context, request
from flask_swagger_ui import get_swaggerui_blueprint
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from services.runtime import json_body, logs, metrics, openapi
from services.runtime.access.callers import Scope
from services.runtime.access.gate import Gate, Rule
from services.runtime.errors import FieldError, ProblemError, shortened
from services.runtime.field_faults import as_json, field_errors, field_fault
from services.runtime.http_problems import http_problem
from services.runtime.kafka_client import BrokerUnavailableError
from services.runtime.openapi import JSON, PROBLEM, Route
from services.runtime.postgres import CONNECTION_ERRORS

_log = logs.get(__name__)

ModelT = TypeVar("ModelT", bound=BaseModel)
# Why a dependency is not usable now; empty when it is.
ReadinessCheck = Callable[[], str]
# Answered however busy the service is.
_HEALTH = ("/healthz", "/readyz")
_AGAIN_LATER = "Gửi lại nguyên yêu cầu này sau ít phút. / Send the same request again later."


class Api:
    """The HTTP side of one service: its routes, problems, health, metrics, OpenAPI and docs page."""

    def __init__(
        self,
        *,
        service: str,
        title: str,
        description: str,
        gate: Gate,
        known_values: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """``known_values``: what the policy lets stand in a field, by its name, for the description."""
        self.app = Flask(service, static_folder=None)
        self.app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.gate = gate
        self._service = service
        self._info = {"title": title, "version": "1", "description": description}
        self._known_values = dict(known_values or {})
        self._routes: list[Route] = []
        self._checks: dict[str, ReadinessCheck] = {}
        self._install_errors()
        self._install_metrics()
        gate.install(self.app)
        self._install_operations()

    def route(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        scopes: tuple[Scope, ...] = (),
        public: bool = False,
        whole: bool = False,
        slots: str = "",
        query: type[BaseModel] | None = None,
        body: type[BaseModel] | None = None,
        read_body: Callable[[bytes], BaseModel] | None = None,
        form: Mapping[str, Any] | None = None,
        headers: Sequence[Mapping[str, Any]] = (),
        response: type[BaseModel] | None = None,
        media_type: str = JSON,
        status: int = 200,
        other_statuses: tuple[int, ...] = (),
        problems: tuple[int, ...] = (),
        refusal_media_types: Mapping[int, str] | None = None,
        other_media_types: tuple[str, ...] = (),
        token_in_url: bool = False,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Bind a function. It is called with the path's values, then ``query`` and ``body`` if declared,
        and returns ``response`` or a Flask response of ``media_type``.

        Any of ``scopes`` lets a token in, with ``whole`` only one that is bound to no unit; a route that asks
        for none says ``public``. ``slots`` names a smaller bound on what is in flight ("imports").
        ``headers`` are OpenAPI's parameters of the headers that the function looks at. ``other_statuses``
        carry the same answer, ``other_media_types`` in another form.
        ``refusal_media_types`` says by status what a refusal is where Accept asks for
        it. ``read_body`` reads the body in place of
        ``body.model_validate_json``: to find more faults at once. ``token_in_url`` takes a feed's token as a
        query parameter. Raises ``ValueError`` for a route that
        says neither scopes nor public.
        """
        if public == bool(scopes):
            raise ValueError(f"{method} {path}: a route names its scopes, or says that it is public")

        def bind(handler: Callable[..., Any]) -> Callable[..., Any]:
            rule = Rule(
                scopes,
                whole=whole,
                slots=slots,
                is_limited=path not in _HEALTH,
                max_body_bytes=self._most_bytes(has_body=body is not None, has_form=form is not None),
                usual_status=status,
                token_in_url=token_in_url,
            )
            declared = Route(
                path=path,
                method=method,
                handler=handler,
                summary=summary,
                rule=rule,
                query=query,
                body=body,
                read_body=read_body or (body.model_validate_json if body else None),
                form=form,
                headers=headers,
                response=response,
                media_type=media_type,
                statuses=(status, *other_statuses),
                problems=problems,
                refusal_media_types=refusal_media_types or {},
                other_media_types=other_media_types,
            )
            self._routes.append(declared)
            endpoint = f"{method} {path}"
            self.gate.guard(endpoint, rule)
            self.app.add_url_rule(path, endpoint, self._view(declared), methods=[method])
            return handler

        return bind

    def _most_bytes(self, *, has_body: bool, has_form: bool) -> int:
        if has_form:
            return self.gate.max_import_bytes
        return self.gate.max_body_bytes if has_body else 0

    def ready_when(self, name: str, check: ReadinessCheck) -> None:
        """Add a dependency to /readyz."""
        self._checks[name] = check

    # --- requests ----------------------------------------------------------------------------

    def _view(self, route: Route) -> Callable[..., Response]:
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
            return Response(answer.model_dump_json(), route.statuses[0], content_type=JSON)

        return view

    def _install_errors(self) -> None:
        @self.app.errorhandler(ProblemError)
        def known(error: ProblemError) -> Response:
            g.giaingan_code = error.code
            response = Response(
                error.problem.model_dump_json(exclude_defaults=False),
                error.problem.status,
                content_type=PROBLEM,
            )
            response.headers.update(error.headers)
            return response

        @self.app.errorhandler(HTTPException)
        def http(error: HTTPException) -> Response:
            response = known(http_problem(error.code or 500, error.name))
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
                    "Hệ thống thông điệp (broker) không trả lời / the message broker does not answer",
                    _AGAIN_LATER,
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
                        "Cơ sở dữ liệu không trả lời / the database does not answer",
                        _AGAIN_LATER,
                        retry_after_seconds=2,
                    )
                )
            _log.exception("request failed", path=request.path, method=request.method)
            return known(
                ProblemError(
                    500,
                    "internal-error",
                    "Dịch vụ gặp lỗi / the service failed",
                    "Báo cho người quản trị; nhật ký ghi rõ nguyên nhân. / "
                    "Tell the operator; the log says why.",
                )
            )

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
        @self.route(
            "GET", "/healthz", summary="Whether the process answers. Never asks a dependency.", public=True
        )
        def healthz() -> Response:
            return Response('{"status":"ok"}', content_type=JSON)

        @self.route(
            "GET",
            "/readyz",
            summary="Whether the service can work now, by dependency.",
            public=True,
            problems=(503,),
        )
        def readyz() -> Response:
            reasons = {name: reason for name, check in self._checks.items() if (reason := check())}
            if not reasons:
                return Response('{"status":"ready"}', content_type=JSON)
            errors = [
                FieldError(code="not-ready", where=name, detail=f"chưa dùng được / {reason}")
                for name, reason in reasons.items()
            ]
            raise ProblemError(
                503,
                "not-ready",
                "Dịch vụ chưa sẵn sàng / the service cannot work yet",
                "Chờ ít giây; errors cho biết thiếu gì. / Wait some seconds; errors says what is missing.",
                errors=errors,
                retry_after_seconds=1,
            )

        @self.route(
            "GET",
            "/metrics",
            summary="Metrics for Prometheus.",
            scopes=(Scope.READ,),
            whole=True,
            media_type="text/plain; version=1.0.0",
        )
        def metrics_page() -> Response:
            return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

        @self.route("GET", "/openapi.json", summary="This description (OpenAPI 3.1).", public=True)
        def openapi_page() -> Response:
            return Response(json.dumps(self.openapi(), ensure_ascii=False), content_type=JSON)

        docs = get_swaggerui_blueprint(
            "/docs", "/openapi.json", config={"app_name": self._info["title"], "validatorUrl": None}
        )
        self.app.register_blueprint(docs)
        for page in self.app.url_map.iter_rules():
            if page.endpoint.startswith(f"{docs.name}."):
                self.gate.guard(page.endpoint, Rule(()))

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 description of every bound route."""
        return openapi.described(self._routes, info=self._info, known_values=self._known_values)


def _refuse_nul(values: Mapping[str, str]) -> None:
    """No name or code holds U+0000, and PostgreSQL takes no text with it."""
    errors = [
        field_fault("invalid-character", where=name, read=as_json(value))
        for name, value in values.items()
        if "\0" in value
    ]
    if errors:
        raise invalid(errors)


def _read_query(model: type[ModelT]) -> ModelT:
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise invalid([field_fault("repeated", where=name) for name in repeated])
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise invalid(field_errors(error)) from error


def _read_body(read: Callable[[bytes], BaseModel]) -> BaseModel:
    if request.mimetype != JSON:
        sent = shortened(request.mimetype)
        raise ProblemError(
            415,
            "not-json",
            "Nội dung không khai là JSON / the body is not declared as JSON",
            f"Content-Type là {sent!r}; hãy gửi {JSON}. / Content-Type is {sent!r}; send {JSON}.",
        )
    content = request.get_data()
    if not content:
        raise ProblemError(
            400,
            "empty-body",
            "Nội dung trống / the body is empty",
            "Gửi một đối tượng JSON. / Send a JSON object.",
        )
    try:
        return read(content)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise json_body.malformed(content, first["ctx"]["error"]) from error
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
        "Không đọc được câu hỏi / the question cannot be read"
        if is_question
        else "Bị từ chối, không nhận gì / refused: nothing was accepted",
        f"{len(errors)} lỗi, xem errors. / {len(errors)} fault(s), each in errors.",
        errors=errors,
    )
