"""The project keeps its own rules: layout, documents that do not drift, no trace of anybody's machine.

Each rule is also run on a sample that breaks it: a check that cannot fail checks nothing.
"""

from __future__ import annotations

import re

import pytest
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from services import cli
from services.contracts import topics
from services.runtime import metrics, roles, schemas
from services.runtime.config import Settings
from tests.support import tidy


def _read(path: str) -> str:
    return (tidy.ROOT / path).read_text(encoding="utf-8")


# --- layout --------------------------------------------------------------------------------------


def test_imports_follow_the_layout() -> None:
    sources = tidy.python_files("services")
    assert len(sources) > 20
    assert [fault for path, source in sources.items() for fault in tidy.import_faults(path, source)] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("services/ingest/intake.py", "from services.alert import policy"),
        ("services/ingest/intake.py", "from services import aggregation"),
        ("services/ingest/intake.py", "import deploy.embedded.servers"),
        ("services/ingest/intake.py", "def late():\n    from tests.support import stack"),
        ("services/ingest/intake.py", "from services.contracts.gen.giaingan.v1 import plan_pb2"),
        ("services/ingest/intake.py", "from services.contracts import gen"),
        ("services/ingest/intake.py", "from ..alert import policy"),
        ("services/domain/plan.py", "import psycopg2"),
        ("services/domain/plan.py", "from services.runtime import clock"),
        ("services/contracts/codec.py", "from services.runtime import config"),
        ("services/runtime/api.py", "from services.ingest import models"),
        ("services/cli.py", "from services.ingest import intake"),
        ("services/cli.py", "from deploy.embedded import stack"),
        ("services/console/receipts.py", "from services.ingest import receipts"),
        ("services/verify/row_digests.py", "from services.aggregation import block_rows"),
        ("services/verify/row_digests.py", "from services.domain import disbursement"),
        ("services/aggregation/block_rows.py", "from services.verify import row_digests"),
        ("services/ingest/intake.py", "from services.console import api_client"),
    ],
)
def test_a_forbidden_import_is_seen(path: str, source: str) -> None:
    assert tidy.import_faults(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("services/ingest/intake.py", "from services.domain.plan import PlanBase\nimport yaml"),
        ("services/contracts/codec.py", "from services.contracts.gen.giaingan.v1 import plan_pb2"),
        ("services/domain/plan.py", "from fractions import Fraction\nfrom services.domain import money"),
    ],
)
def test_an_allowed_import_is_let_through(path: str, source: str) -> None:
    assert tidy.import_faults(path, source) == []


def test_no_python_file_is_too_long() -> None:
    sources = tidy.python_files("services", "deploy", "tests")
    assert [fault for path, source in sources.items() for fault in tidy.length_faults(path, source)] == []
    assert tidy.length_faults("long.py", "x = 1\n" * (tidy.MOST_LINES + 1))


def test_no_file_names_a_registry_or_a_machine() -> None:
    faults = []
    for path in tidy.project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        faults += tidy.word_faults(tidy.relative(path), text)
    assert faults == []


@pytest.mark.parametrize(
    "line",
    ["--index-url https://" + "pypi.example/simple", "see /" + "work/main/x.py", "open('/" + "tmp/x.log')"],
)
def test_a_registry_or_a_machine_path_is_seen(line: str) -> None:
    assert tidy.word_faults("file", line)


# --- documents -----------------------------------------------------------------------------------


def _settings_rows() -> set[tuple[str, ...]]:
    rows = set()
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"GIAINGAN_{name.upper()}")
        if field.is_required():
            default = "required"
        elif field.default is None:
            default = "unset"
        else:
            default = str(field.default).removeprefix(f"{tidy.ROOT}/")
        rows.add((variable, default))
    options = (option for command in cli.main.commands.values() for option in command.params)
    by_variable = {str(option.envvar): option for option in options if option.envvar}
    return rows | {
        (variable, str(option.default))
        for variable, option in by_variable.items()
        if variable not in {row[0] for row in rows}
    }


def test_settings_are_documented_with_their_defaults() -> None:
    documented = tidy.first_cells(_read("docs/SETTINGS.md"), 2) - {("name", "default"), ("---|---|---|",)}
    documented = {row for row in documented if row[0].isupper()}
    assert documented == _settings_rows()


def _metric_rows() -> set[tuple[str, ...]]:
    rows = set[tuple[str, ...]]()
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (described,) = metric.describe()
            name = f"{described.name}_total" if isinstance(metric, Counter) else described.name
            labels = ", ".join(metric._labelnames) or "none"
            rows.add((name, described.type, labels, described.documentation))
    return rows


def test_metrics_are_documented_with_their_labels() -> None:
    documented = tidy.first_cells(_read("docs/METRICS.md"), 4)
    assert {row for row in documented if row[0].startswith("giaingan_")} == _metric_rows()


def test_metrics_are_defined_in_one_module() -> None:
    elsewhere = {
        path
        for path, source in tidy.python_files("services").items()
        if re.search(r"\b(Counter|Gauge|Histogram|Summary)\(\s*\"giaingan_", source)
    }
    assert elsewhere == {"services/runtime/metrics.py"}


def _retention(config: dict[str, str]) -> str:
    if config["cleanup.policy"] == "compact":
        return "latest by key"
    milliseconds = int(config["retention.ms"])
    return "for ever" if milliseconds < 0 else f"{milliseconds // 86_400_000} days"


def test_topics_are_documented_with_partitions_and_retention() -> None:
    documented = tidy.first_cells(_read("docs/TOPICS.md"), 3)
    expected = {(topic.name, str(topic.partitions), _retention(topic.config)) for topic in topics.ALL}
    assert {row for row in documented if row[0].startswith("giaingan.")} == expected


def test_routes_are_documented() -> None:
    expected = set()
    for path, source in tidy.python_files("services").items():
        room = path.split("/")[1]
        expected |= {
            ("every service" if room == "runtime" else room, *route) for route in tidy.routes(source)
        }
    documented = tidy.first_cells(_read("docs/API.md"), 4)
    assert {row for row in documented if row[2:] and row[2].startswith("/")} == expected


def test_routes_are_read_from_code() -> None:
    code = '@api.route(\n    "GET", "/v1/projects/<code>", summary="x"\n)\ndef f(): ...'
    assert tidy.routes(code) == {("GET", "/v1/projects/<code>", "x")}
    with pytest.raises(ValueError, match="written out"):
        tidy.routes("api.route(method, '/v1/x', summary='x')")


def test_error_codes_are_documented() -> None:
    codes = set()
    for source in tidy.python_files("services").values():
        codes |= tidy.error_codes(source)
    assert len(codes) > 5
    documented = {cell for row in tidy.table_rows(_read("docs/ERRORS.md")) for cell in row}
    assert tidy.missing("code", codes, documented, "docs/ERRORS.md") == []


def test_the_roles_of_the_database_and_what_stops_at_them_are_documented() -> None:
    document = _read("docs/ROLES.md")
    assert {(role,) for role in roles.ALL} == {
        cells for cells in tidy.first_cells(document) if cells[0].startswith("giaingan_")
    }
    stopping = (_read("services/runtime/roles.py"), _read("services/runtime/schemas.py"))
    codes = {code for source in stopping for code in re.findall(r'f"([a-z]+(?:-[a-z]+)+): ', source)}
    assert {"schema-behind", "roles-missing"} <= codes
    documented = {cell for (cell,) in tidy.first_cells(document)}
    assert codes == {cell for cell in documented if re.fullmatch(r"[a-z]+(-[a-z]+)+", cell)}
    for schema in schemas.ALL:
        assert f"](../{tidy.relative(schema.grants)})" in document


def test_every_row_of_the_fault_matrix_is_there_once_with_its_test() -> None:
    tests = [path.name for path in (tidy.ROOT / "tests" / "chaos").glob("test_[0-9]*.py")]
    assert len(tests) > 20
    assert tidy.matrix_faults(_read("docs/INVARIANTS.md"), tests) == []


def test_a_row_that_is_missing_doubled_or_without_its_test_is_seen() -> None:
    rows = [f"| {number} | fault | why not |" for number in range(1, tidy.MATRIX_ROWS + 1)]
    rows[1] = "| 2 | fault | what must happen | `chaos/test_02_x.py` |"
    document = "\n".join(["## The fault matrix", *rows, "", "## Next", "| 1 | elsewhere |"])
    assert tidy.matrix_faults(document, ["test_02_x.py"]) == []
    assert tidy.matrix_faults(document, []) == ["test test_02_x.py is not in tests/chaos"]
    assert tidy.matrix_faults(document, ["test_02_x.py", "test_03_y.py"]) == [
        "test_03_y.py is in no row of its number"
    ]
    assert tidy.matrix_faults(document.replace("| 7 |", "| 6 |"), ["test_02_x.py"]) == [
        "row 6 is there 2 times",
        "row 7 is there 0 times",
    ]


def test_a_broker_is_asked_of_its_fixture() -> None:
    """A test that made its own would be taken for one without a broker, and left out against Apache Kafka."""
    users = {
        path
        for path, source in tidy.python_files("tests").items()
        if re.search(r"brokers\.running_broker|import .*\brunning_broker\b", source)
    }
    assert users == {"tests/conftest.py"}


def test_error_codes_are_read_from_code() -> None:
    code = """
raise ProblemError(409, "in-flight", "x")
FieldError(code="not-ready", where="x", detail="y")
FAULTS = {"no-rows": 1}
class RejectionCode(StrEnum):
    AFTER = "after-business-date"
"""
    assert tidy.error_codes(code) == {"in-flight", "not-ready", "no-rows", "after-business-date"}
    assert tidy.missing("code", {"a", "b"}, {"b"}, "there") == ["code a is not in there"]


# --- what officers read --------------------------------------------------------------------------


def test_problems_and_faults_are_told_in_vietnamese_and_english() -> None:
    sources = tidy.python_files("services")
    assert [fault for path, source in sources.items() for fault in tidy.language_faults(path, source)] == []


@pytest.mark.parametrize(
    "code",
    [
        'ProblemError(404, "gone", "No such thing")',
        'ProblemError(404, "gone", title="No such thing")',
        'ProblemError(404, "gone", "Không có / none", f"There is no {name}.")',
        'ProblemError(404, "gone", "Không có / none", detail or "There is none.")',
        'ProblemError(422, "invalid", "No question" if asked else "Bị từ chối / refused")',
        'ProblemError(404, "gone", "None / không có")',
        'FieldError(code="x", where="y", detail="ngày sai")',
        'FieldError(code="x", where="y", detail=why, mend="mend it")',
        'stated.fault("x", field="y", read="", detail="wrong", mend=how)',
        'Rejection(Code.X, "y", "", "wrong", how)',
    ],
)
def test_a_problem_in_one_language_is_seen(code: str) -> None:
    assert tidy.language_faults("file", code)


@pytest.mark.parametrize(
    "code",
    [
        'ProblemError(404, "gone", "Không có / none", detail)',
        'ProblemError(404, "gone", "Không có / none", f"{name}: không có / there is no {name}")',
        'FieldError(code="x", where="y", detail="ngày sai / a wrong day", mend="")',
    ],
)
def test_a_problem_in_both_languages_is_let_through(code: str) -> None:
    assert tidy.language_faults("file", code) == []


# --- commands ------------------------------------------------------------------------------------


def test_every_make_target_says_what_it_does() -> None:
    targets = tidy.make_targets(_read("Makefile"))
    assert {"help", "run", "reset", "test", "check", "format", "lock", "proto", "bench"} <= set(targets)
    assert [name for name, has_text in targets.items() if not has_text] == []
    assert tidy.make_targets("run: x ## Run\nbare: y\n") == {"run": True, "bare": False}


def test_the_readme_names_commands_that_exist() -> None:
    documents = [_read("README.md"), _read("CONTRIBUTING.md"), _read("docs/SETTINGS.md")]
    named = set[str]().union(*(tidy.commands_named(text, "make") for text in documents))
    assert {"run", "test"} <= named
    assert tidy.missing("make target", named, tidy.make_targets(_read("Makefile")), "Makefile") == []
    named = set[str]().union(*(tidy.commands_named(text, "giaingan") for text in documents))
    assert tidy.missing("command", named, cli.main.commands, "giaingan --help") == []


def test_commands_are_read_from_documents() -> None:
    text = "We make nothing up.\n```sh\nmake run\n.venv/bin/giaingan topics\n```\nAnd `make lint`."
    assert tidy.commands_named(text, "make") == {"run", "lint"}
    assert tidy.commands_named("`giaingan topics`", "giaingan") == {"topics"}
    assert tidy.commands_named("Do:\n\n    make test  # all\n", "make") == {"test"}


def test_ci_runs_only_what_the_readme_names() -> None:
    commands = [
        line for line in _read(".ci/run").splitlines() if line and not line.startswith(("#", "set", "cd"))
    ]
    assert commands == ["make check", "make test", "make sim", "make test-kafka", "make chaos"]
    named = tidy.commands_named(_read("README.md"), "make")
    assert {command.removeprefix("make ") for command in commands} <= named
