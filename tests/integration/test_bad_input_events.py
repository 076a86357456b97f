"""Bad input that reaches the books: contradictions, records straight from Kafka, what leaves by an export.

By the number of its kind, as in ``test_bad_input_json.py``; 45 is in ``test_alert_webhooks.py``.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import openpyxl
import pytest

from deploy.embedded.servers import Broker
from services.contracts import codec, topics
from services.contracts.gen.giaingan.v1 import disbursement_pb2
from services.contracts.stated.models import MovementIn
from services.runtime.kafka_client import Record
from tests.integration.ingest_stack import Answer, Ingest, running_ingest
from tests.support import stated
from tests.support.aggregation import RECORDED_AT, Aggregation, running, settings_for


@dataclass(frozen=True, slots=True)
class Both:
    """Ingest and aggregation on one log, with the plan of project 7891234."""

    ingest: Ingest
    aggregation: Aggregation

    def send(self, **changes: Any) -> Answer:
        answer = self.ingest.post("/v1/disbursements", {"movements": [stated.movement(**changes)]})
        self.aggregation.settle()
        return answer

    def write(self, value: bytes) -> None:
        """Another system's record, past every door."""
        self.aggregation.publisher.publish(topics.DISBURSEMENT, [Record("7891234", value)])
        self.aggregation.settle()

    def get(self, path: str) -> Any:
        answer = self.aggregation.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def held(self) -> dict[str, Any]:
        """The one case in quarantine."""
        (item,) = self.get("/v1/quarantine")["items"]
        return dict(self.get(f"/v1/quarantine/{item['quarantine_id']}"))

    def disbursed(self) -> int:
        return int(self.get("/v1/summary?as_of=2022-07-31")["total"]["disbursed"])


@pytest.fixture
def both(database_url: str, broker: Broker) -> Iterator[Both]:
    settings = settings_for(database_url, broker.bootstrap_servers)
    with ExitStack() as parts:
        ingest = parts.enter_context(running_ingest(settings))
        aggregation = parts.enter_context(running(settings))
        assert ingest.post("/v1/plans", {"revisions": [stated.revision()]}).status_code == 202
        aggregation.settle()
        yield Both(ingest, aggregation)


def sound_event(**changes: Any) -> bytes:
    body = stated.movement(**{"source_ref": f"V-{uuid4()}", **changes})
    fact = MovementIn.model_validate_json(json.dumps(body)).fact()
    return codec.encode_batch([fact], recorded_at=RECORDED_AT)


def test_22_the_same_event_id_with_another_amount_is_a_case_for_an_officer(both: Both) -> None:
    assert both.send(amount="300").json["new"] == 1
    answer = both.send(amount="30")
    assert (answer.status_code, answer.json["conflicting"], answer.json["new"]) == (202, 1, 0)
    (item,) = both.get("/v1/conflicts")["items"]
    case = both.get(f"/v1/conflicts/{item['conflict_id']}")
    assert (case["state"], case["event_id"]) == ("open", answer.json["event_ids"][0])
    assert case["differences"] == [{"field": "amount", "first": 300, "second": 30}]
    assert both.disbursed() == 300


def test_30_a_record_that_is_no_protobuf_is_quarantined_and_the_rest_goes_on(both: Both) -> None:
    both.write(b"\xff\xffgarbage")
    both.write(sound_event(amount="7"))
    case = both.held()
    assert (case["reason"], base64.b64decode(case["payload_base64"])) == ("not-decoded", b"\xff\xffgarbage")
    assert both.disbursed() == 7


def test_31_an_event_of_a_newer_version_is_quarantined_whole_and_can_be_replayed(both: Both) -> None:
    batch = disbursement_pb2.DisbursementBatch.FromString(sound_event())
    newer = batch.events[0]
    newer.ClearField("movement")
    # Field 60, a text, of which this version knows nothing.
    event = newer.SerializeToString() + bytes([0xE2, 0x03, 5]) + b"hello"
    both.write(bytes([0x0A]) + _varint(len(event)) + event)
    case = both.held()
    assert case["reason"] == "not-understood"
    assert base64.b64decode(case["payload_base64"]).endswith(b"hello")
    replayed = both.aggregation.client.post(f"/v1/quarantine/{case['quarantine_id']}/replay")
    assert replayed.status_code == 202, replayed.text
    both.aggregation.settle()
    assert both.held()["times_refused"] == 2


def test_32_a_record_without_a_value_is_quarantined(both: Both) -> None:
    both.write(b"")
    assert both.held()["detail"] == "the record has no value"
    both.write(sound_event(amount="7"))
    assert both.disbursed() == 7


def test_41_text_that_looks_like_a_formula_is_exported_with_an_apostrophe_and_comes_back_as_it_was(
    both: Both,
) -> None:
    formula = '=HYPERLINK("http://example.invalid","bấm vào đây")'
    line = stated.revision(project_code="P-41", project_name=formula)
    assert both.ingest.post("/v1/plans", {"revisions": [line]}).status_code == 202
    both.aggregation.settle()
    assert both.get("/v1/projects/P-41")["project"]["project_name"] == formula
    workbook = both.aggregation.client.get("/v1/exports/plan.xlsx").data
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert f"'{formula}" in {cell.value for cell in cells}
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    form = {"source": "ai-gui", "file": (io.BytesIO(workbook), "ke-hoach.xlsx")}
    again = both.ingest.post_form("/v1/imports?profile=plan", form)
    assert (again.status_code, again.json["new"], again.json["duplicate"]) == (202, 0, 2), again.text


def test_money_on_a_project_without_a_plan_is_refused_at_the_door_and_taken_from_the_topic(
    both: Both,
) -> None:
    assert both.send(project_code="7891243").json["errors"][0]["code"] == "unknown-project"
    both.write(sound_event(project_code="7891243", amount="7"))
    assert both.get("/v1/quarantine")["items"] == []
    assert both.disbursed() == 7


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
