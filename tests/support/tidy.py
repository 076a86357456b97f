"""What the project asks of its own files, as functions from text to faults, so that each can be seen to
fail. ``tests/test_tidy.py`` runs them over the project."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 450

_NOT_OURS = {
    ".git", ".venv", ".giaingan", ".kafka", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    ".hypothesis", "dist",
}  # fmt: skip
_SERVICES = {"ingest", "aggregation", "alert"}
_SHARED = {"domain", "contracts", "runtime"}
# What each room under services/ may import of services/, besides itself.
_MAY_IMPORT = {
    "domain": set(),
    "contracts": {"domain"},
    "runtime": {"domain", "contracts"},
    **dict.fromkeys(_SERVICES, _SHARED),
    # It shares nothing with the services whose books it verifies.
    "verify": {"runtime"},
    # It writes none of the books that it reads, and asks no service of them.
    "backtest": {"domain", "runtime"},
    # The console command starts a service by name; it imports none.
    "console": {"domain", "runtime", "verify", "backtest"},
    "": {"contracts", "runtime", "console"},
}
_CODECS = "services/contracts/"
_GENERATED = "services.contracts.gen"


def project_files() -> Iterator[Path]:
    """Every file of the project that is not made by a tool."""
    yield from (path for path in _walk(ROOT) if path.is_file())


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _NOT_OURS or path.name.endswith(".egg-info"):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def relative(path: Path) -> str:
    """The path from the project's root, with slashes."""
    return path.relative_to(ROOT).as_posix()


def python_files(*folders: str) -> dict[str, str]:
    """Source text by path of the Python files of the folders, generated code left out."""
    return {
        relative(path): path.read_text(encoding="utf-8")
        for folder in folders
        for path in _walk(ROOT / folder)
        if path.suffix == ".py" and "/gen/" not in path.as_posix()
    }


# --- imports ---------------------------------------------------------------------------------


def import_faults(path: str, source: str) -> list[str]:
    """Imports of one file under services/ that the layout forbids."""
    parts = PurePosixPath(path).parts
    room = parts[1] if len(parts) > 2 else ""
    return [
        f"{path} imports {name}: {reason}"
        for name in _imported(source)
        if (reason := _why_forbidden(path, room, name))
    ]


def _why_forbidden(path: str, room: str, name: str) -> str:
    top, _, rest = name.partition(".")
    target = rest.partition(".")[0]
    if top in {"deploy", "tests"}:
        return "services do not know how they are run or tested"
    if (name + ".").startswith(_GENERATED + ".") and not path.startswith(_CODECS):
        return f"only {_CODECS} imports generated code"
    if top == "services" and target not in {room, *_MAY_IMPORT[room]}:
        return f"{room or 'the console command'} may not import it"
    if room == "domain" and top != "services" and top not in sys.stdlib_module_names:
        return "the domain is pure: standard library only"
    return ""


def _imported(source: str) -> Iterator[str]:
    """Full names: ``from services import ingest`` imports services.ingest."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                yield "services.(relative)"
            elif module in {"services", "services.contracts"}:
                yield from (f"{module}.{alias.name}" for alias in node.names)
            else:
                yield module


# --- names that must be documented -------------------------------------------------------------


def routes(source: str) -> set[tuple[str, str, str]]:
    """Method, path and summary of every ``api.route("GET", "/path", summary="…")``. Raises ``ValueError``
    for one that is not written out."""
    found = set()
    for call in _calls(source, "route"):
        method, path = (_text(argument) for argument in call.args[:2])
        summary = _keyword(call, "summary")
        if method is None or path is None or summary is None:
            raise ValueError(f"line {call.lineno}: a route's method, path and summary are written out")
        found.add((method, path, summary))
    return found


def error_codes(source: str) -> set[str]:
    """Stable codes that a caller can see: of problems, of field errors, of the domain's rejections."""
    codes = set()
    for call in _calls(source, "ProblemError"):
        codes.add(_text(call.args[1]) if len(call.args) > 1 else _keyword(call, "code"))
    codes.update(_keyword(call, "code") for call in _calls(source, "FieldError"))
    # StatedFact.fault("unknown-project", …)
    codes.update(_text(call.args[0]) for call in _calls(source, "fault") if call.args)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and node.name == "RejectionCode":
            codes.update(_text(member.value) for member in node.body if isinstance(member, ast.Assign))
        # The table of faults that a file can have (services/ingest/sheets/faults.py).
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == "FAULTS":
                codes.update(_text(key) for key in node.value.keys if key)
    return {code for code in codes if code}


# --- what officers read ------------------------------------------------------------------------

# By the call: the place of each text among its arguments; by name alone where that is ``None``.
_TOLD: dict[str, dict[str, int | None]] = {
    "ProblemError": {"title": 2, "detail": 3},
    "FieldError": {"detail": None, "mend": None},
    "fault": {"detail": None, "mend": None},
    "Rejection": {"detail": 3, "mend": 4},
}


def language_faults(path: str, source: str) -> list[str]:
    """Texts of problems and faults, where written out, that are not "tiếng Việt / English"."""
    return [
        f"{path}:{call.lineno} {called} {name}: {text[:60]}"
        for called, names in _TOLD.items()
        for call in _calls(source, called)
        for name, place in names.items()
        for text in _texts_told(_argument(call, name, place))
        if not _is_in_both_languages(text)
    ]


def _argument(call: ast.Call, name: str, place: int | None) -> ast.expr | None:
    if place is not None and place < len(call.args):
        return call.args[place]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _texts_told(node: ast.expr | None) -> Iterator[str]:
    """Every text that the expression can be, as far as it is written out; what is filled in is "{}"."""
    match node:
        case ast.Constant(value=str() as text) if text:
            yield text
        case ast.JoinedStr(values=parts):
            text = "".join(
                "{}" if isinstance(part, ast.FormattedValue) else _text(part) or "" for part in parts
            )
            if any(letter.isalpha() for letter in text):
                yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts_told(body)
            yield from _texts_told(orelse)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _texts_told(value)


def _is_in_both_languages(text: str) -> bool:
    vietnamese, _, english = text.partition(" / ")
    return not vietnamese.isascii() and english != ""


def _calls(source: str, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            if (isinstance(called, ast.Name) and called.id == name) or (
                isinstance(called, ast.Attribute) and called.attr == name
            ):
                yield node


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _keyword(call: ast.Call, name: str) -> str | None:
    return next((_text(keyword.value) for keyword in call.keywords if keyword.arg == name), None)


def table_rows(markdown: str) -> list[list[str]]:
    """Cells of every table row of a document, backticks dropped; header and rule lines left in."""
    return [
        [cell.strip().replace("`", "") for cell in line.strip().strip("|").split(" | ")]
        for line in markdown.splitlines()
        if line.startswith("|")
    ]


def first_cells(markdown: str, columns: int = 1) -> set[tuple[str, ...]]:
    """The leading cells of every row of a document's tables."""
    return {tuple(row[:columns]) for row in table_rows(markdown)}


# --- the fault matrix ---------------------------------------------------------------------------

MATRIX_ROWS = 33
_MATRIX = "## The fault matrix"
_CHAOS_TEST = re.compile(r"chaos/(test_\w+\.py)")


def matrix_faults(document: str, tests: Iterable[str]) -> list[str]:
    """Rows of the fault matrix that are missing or there twice, rows whose test is not there, tests of
    ``tests/chaos`` (their file names) that have no row of their number."""
    _, _, section = document.partition(_MATRIX)
    tests = set(tests)
    numbers: list[int] = []
    named: dict[str, list[int]] = {}
    for row in table_rows(section.partition("\n## ")[0]):
        if not re.fullmatch(r"[\d, ]+", row[0]):
            continue
        numbers += (of_row := [int(number) for number in row[0].split(",")])
        for name in _CHAOS_TEST.findall(row[-1]):
            named.setdefault(name, []).extend(of_row)
    return [
        *(f"row {number} is there {numbers.count(number)} times" for number in range(1, MATRIX_ROWS + 1)
          if numbers.count(number) != 1),
        *missing("test", named, tests, "tests/chaos"),
        *(f"{name} is in no row of its number" for name in sorted(tests)
          if int(re.findall(r"\d+", name)[0]) not in named.get(name, ())),
    ]  # fmt: skip


# --- words in files ----------------------------------------------------------------------------

_REGISTRY = re.compile(
    r"https?://[a-z0-9.-]*(pypi|pythonhosted|npmjs|maven|crates\.io|deb\.debian|proxy\.golang)", re.IGNORECASE
)
_MACHINE_PATH = re.compile(r"(?<![\w.)}$~-])/(work|root|home|Users|tmp)/[\w.-]+")


def word_faults(path: str, text: str) -> list[str]:
    """Lines that name a package registry's host or a path of somebody's machine."""
    return [
        f"{path}:{number} {what}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in (("registry host", _REGISTRY), ("machine path", _MACHINE_PATH))
        if pattern.search(line)
    ]


def length_faults(path: str, text: str) -> list[str]:
    """A file that is too long to be read in one go."""
    lines = len(text.splitlines())
    return [f"{path} has {lines} lines, at most {MOST_LINES}"] if lines > MOST_LINES else []


# --- commands ----------------------------------------------------------------------------------


def make_targets(makefile: str) -> dict[str, bool]:
    """The targets a person calls, and whether each has its ``##`` text."""
    targets = re.findall(r"^([a-z][a-z-]*):([^=\n]*)$", makefile, re.MULTILINE)
    return {name: " ## " in rest for name, rest in targets}


def commands_named(text: str, command: str) -> set[str]:
    """The words that follow a command in a document's code: ``make run`` names run."""
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`|^ {4}\S.*?$", text, re.DOTALL | re.MULTILINE))
    return set(re.findall(rf"(?:^|[\s`;&$]){re.escape(command)} ([a-z][a-z-]*)", code, re.MULTILINE))


def missing(what: str, wanted: Iterable[object], known: Iterable[object], where: str) -> list[str]:
    """What is wanted and not known, in words."""
    known = set(known)
    return [f"{what} {item} is not in {where}" for item in sorted(set(wanted) - known, key=str)]
