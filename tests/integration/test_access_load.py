"""More than can be worked on is answered at once, with the time to come again, and health all the same."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.runtime import metrics
from services.runtime.access import Scope
from tests.support.access import bearer, make_token
from tests.support.aggregation import eventually
from tests.support.door import Door, a_door


@pytest.fixture
def small(database_url: str) -> Iterator[Door]:
    """Four requests at once, two files among them, small bodies."""
    limits = {
        "max_in_flight": 4,
        "max_imports_in_flight": 2,
        "max_body_bytes": 1_024,
        "max_import_bytes": 4_096,
    }
    with a_door(database_url, **limits) as door:
        yield door


def code(answer: TestResponse) -> str:
    problem: dict[str, Any] = answer.get_json(force=True)
    return str(problem["type"]).rsplit(":", 1)[-1]


def in_flight(slots: str) -> float:
    return float(metrics.IN_FLIGHT.labels("door", slots)._value.get())


def hold(
    pool: ThreadPoolExecutor, send: Callable[[], TestResponse], *, times: int, slots: str
) -> list[Future[TestResponse]]:
    """Requests that are being worked on until the door's ``hold`` is set."""
    futures = [pool.submit(send) for _ in range(times)]
    eventually(lambda: in_flight(slots) == times)
    return futures


def test_beyond_what_is_in_flight_the_answer_is_503_at_once_and_health_goes_on(small: Door) -> None:
    client = small.client(Scope.READ)
    with ThreadPoolExecutor(4) as pool:
        held = hold(pool, lambda: client.get("/v1/slow"), times=4, slots="all")
        started = time.monotonic()
        for path in ("/v1/things", "/openapi.json"):
            answer = client.get(path)
            assert (answer.status_code, code(answer), answer.headers["Retry-After"]) == (
                503,
                "overloaded",
                "1",
            )
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert time.monotonic() - started < 2
        small.hold.set()
        assert [future.result().status_code for future in held] == [200] * 4
    assert in_flight("all") == 0
    assert client.get("/v1/things").status_code == 200


def test_files_have_a_bound_of_their_own_and_leave_room_for_the_rest(small: Door) -> None:
    client = small.client(Scope.INGEST_WRITE, Scope.READ)

    def send() -> TestResponse:
        return client.post("/v1/files", data={"slow": "1"}, content_type="multipart/form-data")

    with ThreadPoolExecutor(4) as pool:
        held = hold(pool, send, times=2, slots="imports")
        answer = send()
        assert (answer.status_code, code(answer)) == (503, "overloaded")
        assert client.get("/v1/things").status_code == 200
        # Who may not send a file takes no place of those who may.
        assert code(small.client(Scope.READ).post("/v1/files")) == "scope-missing"
        small.hold.set()
        assert [future.result().status_code for future in held] == [200, 200]
    assert (in_flight("imports"), in_flight("all")) == (0, 0)


def test_a_place_is_given_back_however_a_request_ends(small: Door) -> None:
    client = small.client(Scope.INGEST_WRITE)
    for _ in range(10):
        client.post("/v1/things", data="{", content_type="application/json")
        client.get("/v1/things")
        client.post("/v1/files", data=b"x" * 5_000, content_type="multipart/form-data; boundary=x")
        small.stranger().get("/v1/things")
    assert (in_flight("all"), in_flight("imports")) == (0, 0)


def test_a_client_that_sends_too_much_is_told_when_to_come_again(database_url: str) -> None:
    with a_door(database_url, client_requests_per_second=1, client_burst=3) as door:
        client = door.client(Scope.READ)
        answers = [client.get("/v1/things") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert (code(answers[3]), answers[3].headers["Retry-After"]) == ("too-many-requests", "1")
        # Another token is another client; health is nobody's.
        assert door.client(Scope.READ).get("/v1/things").status_code == 200
        assert client.get("/readyz").status_code == 200
        time.sleep(1.05)
        assert client.get("/v1/things").status_code == 200


def test_failed_authentications_of_an_address_are_bounded_and_a_good_token_goes_on(database_url: str) -> None:
    with a_door(database_url, failed_logins_per_minute=3) as door:
        stranger = door.stranger()
        answers = [stranger.get("/v1/things") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert 15 <= int(answers[3].headers["Retry-After"]) <= 20
        assert stranger.get("/v1/things", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 401
        assert door.client(Scope.READ).get("/v1/things").status_code == 200


def test_a_body_is_refused_by_its_headers(small: Door) -> None:
    client = small.client(Scope.INGEST_WRITE)
    json_type, form_type = "application/json", "multipart/form-data; boundary=x"
    for path, size, content_type, status in (
        ("/v1/things", 1_025, json_type, 413),
        ("/v1/things", 1_024, json_type, 400),
        ("/v1/files", 4_097, form_type, 413),
        ("/v1/files", 4_096, form_type, 400),
    ):
        answer = client.post(path, data=b" " * (size - 1) + b"x", content_type=content_type)
        assert answer.status_code == status or (status == 400 and answer.status_code == 200), (path, size)
        if status == 413:
            assert code(answer) == "request-entity-too-large"


@pytest.mark.parametrize(("encoding", "status"), [("gzip", 415), ("br", 415), ("identity", 202), ("", 202)])
def test_a_packed_body_is_refused(small: Door, encoding: str, status: int) -> None:
    client = small.client(Scope.INGEST_WRITE)
    answer = client.post("/v1/things", json={"name": "x"}, headers={"Content-Encoding": encoding})
    assert answer.status_code == status
    if status == 415:
        assert code(answer) == "content-encoding"


@pytest.mark.parametrize(("parts", "status"), [(20, 200), (21, 413)])
def test_a_form_has_at_most_twenty_parts(small: Door, parts: int, status: int) -> None:
    client = small.client(Scope.INGEST_WRITE)
    form = {f"f{number}": "x" for number in range(parts - 1)} | {"file": (io.BytesIO(b"x"), "x.csv")}
    answer = client.post("/v1/files", data=form, content_type="multipart/form-data")
    assert answer.status_code == status


def test_refusals_are_counted_by_code(small: Door) -> None:
    def counted(which: str) -> float:
        return float(metrics.REFUSED.labels("door", which)._value.get())

    before = {which: counted(which) for which in ("token-missing", "scope-missing", "invalid", "not-found")}
    small.stranger().get("/v1/things")
    client = small.client(Scope.READ)
    client.post("/v1/things", json={})
    client.get("/v1/nowhere")
    small.client(Scope.INGEST_WRITE).post("/v1/things", json={})
    after = {which: counted(which) - before[which] for which in before}
    assert after == {"token-missing": 1, "scope-missing": 1, "invalid": 0, "not-found": 0}


def test_a_revoked_token_stops_under_load_within_one_request(small: Door) -> None:
    secret = make_token(small.database_url, Scope.READ)
    client = small.stranger()
    seen: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            seen.append(client.get("/v1/things", headers=bearer(secret)).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    eventually(lambda: 200 in seen)
    small.rows("UPDATE access.token SET revoked_at = now(), revoked_by = 'x' WHERE revoked_at IS NULL")
    asked = len(seen)
    eventually(lambda: len(seen) > asked + 3)
    stop.set()
    thread.join()
    # One may have been let in before the revocation was there.
    assert 200 not in seen[asked + 1 :]
