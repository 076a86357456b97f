"""Requests to a service that may die while it is asked."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from deploy.embedded.processes import ServiceProcess
from tests.support.access import bearer


def post(service: ServiceProcess, token: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Status and answer; 0 and ``None`` where the connection went."""
    headers = {"Content-Type": "application/json", **bearer(token)}
    request = urllib.request.Request(service.url + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, None
