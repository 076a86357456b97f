"""Bad input in JSON bodies and questions, by the number of its kind: a clear answer, and nothing half-posted.

Files are in ``test_bad_input_files.py``, events straight from Kafka in ``test_bad_input_events.py``.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time
import unicodedata
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from services.ingest.log import writer as log_writer
from services.runtime.service import server_of, stop_listening
from tests.integration.bad_input import fault, nothing_posted, refused
from tests.integration.ingest_stack import Answer, Ingest, ingest_of_a_module, make_known
from tests.support import stated
from tests.support.brokers import RunningBroker

MOVEMENT = "movements.0."


@pytest.fixture(scope="module")
def ingest(postgres_server: str, running_broker: RunningBroker) -> Iterator[Ingest]:
    with ingest_of_a_module(postgres_server, running_broker) as running:
        make_known(running, "7891234")
        yield running


def movement(**changes: Any) -> dict[str, Any]:
    return stated.movement(**{"source_ref": f"V-{uuid4()}", **changes})


def send(ingest: Ingest, *movements: dict[str, Any], **headers: str) -> Answer:
    return ingest.post("/v1/disbursements", {"movements": list(movements)}, **headers)


def send_refused(ingest: Ingest, **changes: Any) -> Answer:
    with nothing_posted(ingest):
        return send(ingest, movement(source_ref="sound"), movement(**changes))


def send_raw(ingest: Ingest, content: bytes, **headers: str) -> Answer:
    with nothing_posted(ingest):
        return ingest.post_raw("/v1/disbursements", content, "application/json", **headers)


def raw(amount: str) -> bytes:
    """A sound body but for the amount, as it is to be written."""
    return json.dumps({"movements": [movement(amount="AMOUNT")]}).replace('"AMOUNT"', amount).encode()


def of_second(field: str) -> str:
    return f"movements.1.{field}"


def test_01_an_empty_body_is_400(ingest: Ingest) -> None:
    problem = refused(send_raw(ingest, b""), 400, "empty-body")
    assert problem["detail"] == "Gửi một đối tượng JSON. / Send a JSON object."


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [(b'{"movements":[', 1, 14), (b'{"movements":\n  [{"source": "kbnn', 2, 19), (b"{", 1, 1)],
)
def test_02_truncated_json_is_400_with_its_position(
    ingest: Ingest, content: bytes, line: int, column: int
) -> None:
    answer = send_raw(ingest, content)
    problem = refused(answer, 400, "malformed-json")
    assert f"dòng {line} cột {column}" in problem["detail"]
    assert f"line {line} column {column}" in problem["detail"]
    error = fault(
        answer,
        "malformed-json",
        where=f"dòng {line}, cột {column} / line {line}, column {column}",
        status=400,
    )
    assert json.loads(error["read"])[-1].encode() == content[-1:]


@pytest.mark.parametrize(
    "content", [b"[" * 10_000, b'{"movements":' * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000]
)
def test_03_ten_thousand_levels_are_400(ingest: Ingest, content: bytes) -> None:
    problem = refused(send_raw(ingest, content), 400, "malformed-json")
    assert "recursion limit" in problem["errors"][0]["detail"]
    assert problem["errors"][0]["where"].startswith("dòng 1, cột ")


def test_04_a_key_stated_twice_is_400_and_nan_is_422(ingest: Ingest) -> None:
    twice = raw("5").replace(b'"amount"', b'"amount": 1, "amount"')
    error = fault(
        send_raw(ingest, twice), "duplicate-key", where=f"{MOVEMENT}amount", read='"amount"', status=400
    )
    assert error["mend"] == "giữ lại một / keep one"
    # Said also where the field is one that nobody knows, or the body has other faults.
    unknown = raw("1.5").replace(b'"amount"', b'"colour": 1, "colour": 2, "amount"')
    fault(send_raw(ingest, unknown), "duplicate-key", where=f"{MOVEMENT}colour", status=400)
    for figure in ("NaN", "Infinity", "-Infinity"):
        fault(send_raw(ingest, raw(figure)), "int-type", where=f"{MOVEMENT}amount", read=figure)


@pytest.mark.parametrize(
    ("figure", "read"), [("1.5", "1.5"), ("5.0", "5.0"), ("1e3", "1000.0"), ("1E15", "1000000000000000.0")]
)
def test_05_a_float_is_no_amount_but_digits_are(ingest: Ingest, figure: str, read: str) -> None:
    error = fault(send_raw(ingest, raw(figure)), "int-type", where=f"{MOVEMENT}amount", read=read)
    assert "chuỗi chữ số" in error["mend"]
    assert "a text of digits" in error["mend"]
    for digits in ('"1000"', "1000", '"0001000"'):
        answer = ingest.post_raw("/v1/disbursements", raw(digits), "application/json")
        assert (answer.status_code, answer.json["totals"][0]["minor_units"]) == (202, 1000)


@pytest.mark.parametrize(
    ("figure", "vietnamese", "english"),
    [
        ("1.234", "1234", "1 + 234/1000"),
        ("1,234", "1 + 234/1000", "1234"),
    ],
)
def test_06_points_and_commas_are_ambiguous_and_both_readings_are_shown(
    ingest: Ingest, figure: str, vietnamese: str, english: str
) -> None:
    answer = send_refused(ingest, amount=figure)
    error = fault(answer, "ambiguous-number", where=of_second("amount"), read=f'"{figure}"')
    assert f"theo kiểu Việt Nam là {vietnamese}, theo kiểu Anh là {english}" in error["detail"]
    assert f"the Vietnamese way it is {vietnamese}, the English way {english}" in error["detail"]


@pytest.mark.parametrize("figure", ["1.234.567", "1,234,567"])
def test_06_a_number_in_groups_that_reads_one_way_only_is_told_to_be_digits(
    ingest: Ingest, figure: str
) -> None:
    answer = send_refused(ingest, amount=figure)
    error = fault(answer, "grouped-number", where=of_second("amount"), read=f'"{figure}"')
    assert error["mend"] == "chỉ ghi chữ số: 1234567 / write digits only: 1234567"


@pytest.mark.parametrize("figure", ["1000.50", "1000,5", "0.5"])
def test_07_a_fraction_of_a_dong_is_422(ingest: Ingest, figure: str) -> None:
    answer = send_refused(ingest, amount=figure)
    fault(answer, "fraction-of-minor-unit", where=of_second("amount"), read=f'"{figure}"')


@pytest.mark.parametrize("figure", ["1000000000000001", 10**15 + 1, 10**18, 10**30])
def test_08_an_amount_over_the_limit_is_422(ingest: Ingest, figure: Any) -> None:
    answer = send_refused(ingest, amount=figure)
    error = fault(answer, "less-than-equal", where=of_second("amount"), read=json.dumps(figure))
    assert "không phải triệu đồng" in error["mend"]
    assert send(ingest, movement(amount=10**15)).status_code == 202


@pytest.mark.parametrize("figure", ["-5", -5])
def test_09_a_negative_amount_is_422_and_a_reversal_names_what_it_cancels(
    ingest: Ingest, figure: Any
) -> None:
    answer = send_refused(ingest, amount=figure)
    error = fault(answer, "greater-than-equal", where=of_second("amount"), read=json.dumps(figure))
    assert "không ghi dấu trừ" in error["mend"]
    answer = send_refused(ingest, kind="reversal")
    fault(answer, "reversal-without-reference", where=of_second("reverses_event_id"), read="")


@pytest.mark.parametrize("figure", ["0", "-0", "00"])
def test_10_zero_is_422(ingest: Ingest, figure: str) -> None:
    for written in (f'"{figure}"', figure.replace("00", "0")):
        fault(send_raw(ingest, raw(written)), "greater-than-equal", where=f"{MOVEMENT}amount")


def test_11_reversals_of_an_unknown_movement_are_held_and_a_second_one_of_a_known_movement_is_409(
    ingest: Ingest,
) -> None:
    unknown = str(uuid4())
    answer = send(ingest, movement(kind="reversal", reverses_event_id=unknown))
    assert answer.status_code == 202
    (warning,) = answer.json["warnings"]
    assert unknown in warning
    assert "(held)" in warning
    assert " / " in warning
    # Nobody may block what is not known yet: the ledger decides between the two.
    again = send(ingest, movement(kind="reversal", reverses_event_id=unknown))
    assert (again.status_code, len(again.json["warnings"])) == (202, 1)
    known = send(ingest, movement()).json["event_ids"][0]
    assert send(ingest, movement(kind="reversal", reverses_event_id=known)).json["warnings"] == []
    with nothing_posted(ingest):
        second = send(ingest, movement(), movement(kind="reversal", reverses_event_id=known))
    refused(second, 409, "already-reversed")
    fault(second, "already-reversed", where=of_second("reverses_event_id"), read=known, status=409)


def test_12_an_unknown_project_is_422_with_the_nearest_codes(ingest: Ingest) -> None:
    answer = send_refused(ingest, project_code="7891243")
    error = fault(answer, "unknown-project", where=of_second("project_code"), read='"7891243"')
    assert "mã gần giống: 7891234 (Cầu sông Ông Đốc)" in error["mend"]
    assert "nearest: 7891234 (Cầu sông Ông Đốc)" in error["mend"]


@pytest.mark.parametrize(
    ("day", "code", "told"),
    [
        ("2022-06-01", "project-closed", ("31/05/2022", "2022-05-31")),
        ("2022-01-31", "project-not-started", ("01/02/2022", "2022-02-01")),
    ],
)
def test_13_money_on_a_project_closed_or_not_started_is_422_with_the_dates(
    ingest: Ingest, day: str, code: str, told: tuple[str, str]
) -> None:
    known = stated.project(project_code=f"P-{uuid4()}", starts_on="2022-02-01", closed_on="2022-05-31")
    ingest.post("/v1/registers", {"projects": [known]})
    answer = send_refused(ingest, project_code=known["project_code"], value_date=day)
    error = fault(answer, code, where=of_second("value_date"), read=day)
    assert all(text in error["detail"] for text in told)


def test_14_a_missing_or_unknown_field_is_422_naming_it(ingest: Ingest) -> None:
    without = movement()
    del without["fund_source"]
    with nothing_posted(ingest):
        answer = send(ingest, movement(), without)
        fault(answer, "missing", where=of_second("fund_source"), read="")
    fault(send_refused(ingest, colour="red"), "extra-forbidden", where=of_second("colour"), read='"red"')


@pytest.mark.parametrize("day", ["2022-02-31", "2022-31-02", "31/02/2022"])
def test_15_a_day_that_is_not_in_the_calendar_is_422(ingest: Ingest, day: str) -> None:
    answer = send_refused(ingest, value_date=day)
    fault(answer, "not-iso-date", where=of_second("value_date"), read=f'"{day}"')


@pytest.mark.parametrize("day", ["03/04/2022", "2022-3-4", "20220304", "1640995200"])
def test_16_a_day_in_another_form_is_422_and_the_form_is_told(ingest: Ingest, day: str) -> None:
    answer = send_refused(ingest, value_date=day)
    error = fault(answer, "not-iso-date", where=of_second("value_date"), read=f'"{day}"')
    assert "2022-05-31" in error["mend"]


def test_17_a_timestamp_without_offset_is_422(ingest: Ingest) -> None:
    for text in ("2022-05-31T08:00:00", "2022-05-31", "1653955200", "yesterday"):
        answer = ingest.get(f"/v1/imports?since={text}")
        error = fault(answer, "not-a-moment", where="since", read=f'"{text}"')
        assert "%2B07:00" in error["mend"]
    assert ingest.get("/v1/imports?since=2022-05-31T08:00:00%2B07:00").status_code == 200
    answer = send_refused(ingest, value_date="2022-03-05T08:00:00")
    fault(answer, "not-iso-date", where=of_second("value_date"))


@pytest.mark.parametrize(
    ("changes", "code", "field", "read"),
    [
        ({"value_date": "2022-08-01"}, "after-business-date", "value_date", "2022-08-01"),
        ({"value_date": "1900-03-05"}, "outside-budget-year", "value_date", "1900-03-05"),
        ({"budget_year": 1900}, "greater-than-equal", "budget_year", "1900"),
        ({"budget_year": 2101}, "less-than-equal", "budget_year", "2101"),
    ],
)
def test_18_the_future_and_1900_are_422(
    ingest: Ingest, changes: dict[str, Any], code: str, field: str, read: str
) -> None:
    # A project without a stated start, or 1900 would be wrong twice.
    known = stated.project(project_code="P-18", starts_on=None)
    assert ingest.post("/v1/registers", {"projects": [known]}).status_code == 202
    answer = send_refused(ingest, project_code="P-18", **changes)
    fault(answer, code, where=of_second(field), read=read)


def test_19_the_same_key_and_body_get_the_stored_answer(ingest: Ingest) -> None:
    one, key = movement(), str(uuid4())
    first = send(ingest, one, Idempotency_Key=key)
    with nothing_posted(ingest):
        again = send(ingest, one, Idempotency_Key=key)
    assert (again.status_code, again.text, again.is_replayed) == (202, first.text, True)


def test_20_the_same_key_with_another_body_is_409(ingest: Ingest) -> None:
    key = str(uuid4())
    assert send(ingest, movement(), Idempotency_Key=key).status_code == 202
    with nothing_posted(ingest):
        answer = send(ingest, movement(), Idempotency_Key=key)
    fault(answer, "idempotency-key-reused", where="Idempotency-Key", read=f'"{key}"', status=409)


def test_21_the_same_key_in_flight_is_409_with_retry_after(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, key = movement(), str(uuid4())
    write, reached, go_on = log_writer.write, threading.Event(), threading.Event()

    def write_slowly(*arguments: Any) -> Any:
        reached.set()
        go_on.wait(10)
        return write(*arguments)

    monkeypatch.setattr(log_writer, "write", write_slowly)
    first = threading.Thread(target=send, args=(ingest, one), kwargs={"Idempotency_Key": key})
    first.start()
    assert reached.wait(10)
    with nothing_posted(ingest):
        answer = send(ingest, one, Idempotency_Key=key)
    go_on.set()
    first.join()
    problem = refused(answer, 409, "idempotency-key-in-flight")
    assert " / " in problem["detail"]
    assert int(answer.retry_after) >= 1


@pytest.mark.parametrize("field", ["source", "source_ref", "project_code"])
def test_23_u_0000_is_422(ingest: Ingest, field: str) -> None:
    answer = send_refused(ingest, **{field: "a\0b"})
    error = fault(answer, "invisible-character", where=of_second(field), read='"a\\u0000b"')
    assert "U+0000" in error["detail"]
    for path in ("/v1/imports?profile=a%00b", "/v1/imports/a%00b"):
        assert ingest.get(path).status_code == 422


def test_24_bytes_that_are_no_utf_8_are_400(ingest: Ingest) -> None:
    content = raw("5").replace(b"kbnn", b"\xff\xfe")
    problem = refused(send_raw(ingest, content), 400, "malformed-json")
    assert "unicode" in problem["errors"][0]["detail"]
    assert "UTF-8" in problem["errors"][0]["mend"]


def test_25_a_code_is_the_same_in_every_unicode_form(ingest: Ingest) -> None:
    code = f"DỰ-ÁN-{uuid4()}"
    composed, decomposed = (unicodedata.normalize(form, code) for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert (
        ingest.post("/v1/registers", {"projects": [stated.project(project_code=decomposed)]}).status_code
        == 202
    )
    again = ingest.post("/v1/registers", {"projects": [stated.project(project_code=composed)]})
    assert again.json["duplicate"] == 1
    one = movement(project_code=composed)
    assert send(ingest, one).json["new"] == 1
    assert send(ingest, {**one, "project_code": decomposed}).json["duplicate"] == 1
    keys = ingest.rows("SELECT DISTINCT routing_key FROM ingest.journal")
    assert [key for (key,) in keys if "ÁN" in unicodedata.normalize("NFC", key)] == [composed]


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u0085"])
def test_26_a_character_nobody_sees_is_422_naming_its_code_point(ingest: Ingest, hidden: str) -> None:
    answer = send_refused(ingest, project_code=f"789{hidden}1234")
    error = fault(answer, "invisible-character", where=of_second("project_code"))
    assert f"U+{ord(hidden):04X}" in error["detail"]
    assert "xóa ký tự ẩn" in error["mend"]


@pytest.mark.parametrize("field", ["source_ref", "project_code", "fund_source", "amount", "value_date"])
def test_27_a_string_of_a_megabyte_is_422_with_a_short_answer(ingest: Ingest, field: str) -> None:
    answer = send_refused(ingest, **{field: "9" * 1_000_000})
    assert answer.status_code == 422
    assert len(answer.text) < 2_000
    (error,) = answer.json["errors"]
    assert error["where"] == of_second(field)
    assert "1000002 characters" in error["read"]
    assert " / " in error["mend"]


def test_28_a_body_too_large_or_without_end_is_413(ingest: Ingest) -> None:
    most = ingest.settings.max_body_bytes
    problem = refused(send_raw(ingest, b" " * (most + 1)), 413, "request-entity-too-large")
    assert problem["detail"]
    server = server_of(ingest.settings, ingest.parts, port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        with nothing_posted(ingest):
            status, sent = endless_body(server.effective_port, ingest.token, at_most=4 * most + (64 << 20))
    finally:
        stop_listening(server)
        thread.join()
    assert status in (b"413", b"")
    # It is not read to an end that never comes.
    assert sent < 4 * most + (64 << 20)


def endless_body(port: int, token: str, *, at_most: int) -> tuple[bytes, int]:
    """Send chunks until the server has had enough; its status (empty where it just hung up), bytes sent."""
    head = (
        "POST /v1/disbursements HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(head.encode())
            while sent < at_most:
                connection.sendall(chunk)
                sent += 65_536
        with contextlib.suppress(OSError):
            answer = connection.recv(4096)
    return answer.split(b" ")[1] if b" " in answer else b"", sent


def test_29_a_compressed_body_is_415_and_never_inflated(ingest: Ingest) -> None:
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=9)
    started = time.monotonic()
    problem = refused(send_raw(ingest, bomb, Content_Encoding="gzip"), 415, "content-encoding")
    assert " / " in problem["detail"]
    # Without saying so, it is no JSON.
    refused(send_raw(ingest, bomb), 400, "malformed-json")
    assert time.monotonic() - started < 5


def test_44_a_bad_cursor_and_a_limit_of_a_thousand_million_are_422(ingest: Ingest) -> None:
    for cursor in ("x", "WyIxIl0", "bnVsbA", "W10", "WyJhIiwiYiJd"):
        error = fault(ingest.get(f"/v1/imports?cursor={cursor}"), "bad-cursor", where="cursor", read=cursor)
        assert "next_cursor" in error["mend"]
    for limit, code in (("1000000000", "less-than-equal"), ("0", "greater-than-equal"), ("x", "int-parsing")):
        fault(ingest.get(f"/v1/imports?limit={limit}"), code, where="limit", read=f'"{limit}"')
    assert ingest.get("/v1/imports?limit=500").status_code == 200
