"""A service of a few routes on a loopback port, for what a client does with its answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import make_server


@contextmanager
def service(routes: dict[str, Callable[..., Any]]) -> Iterator[str]:
    """Serve ``{"GET /path": view}``; yields the address."""
    app = Flask("service")
    for number, (route, view) in enumerate(routes.items()):
        method, path = route.split()
        app.add_url_rule(path, str(number), view, methods=[method])
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
