"""``giaingan migrate`` and the services that start under a role that may not migrate."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from deploy.embedded import servers
from services.runtime import access, roles, schemas
from services.runtime.errors import StopServiceError
from services.runtime.postgres import acquire_lock, connect, migrate, transaction
from tests.integration.test_access_console import console
from tests.support.access import make_token
from tests.support.logins import execute, login_of, logins
from tests.support.tidy import ROOT


def _login(url: str) -> str:
    return re.sub(r".*//([^@]+)@.*", r"\1", url)


def _applied(url: str) -> list[tuple[object, ...]]:
    return [
        row
        for schema in schemas.ALL
        for row in execute(url, f"SELECT name, applied_at FROM {schema.name}.schema_migration ORDER BY 1")  # noqa: S608
    ]


def _acl(url: str) -> list[tuple[object, ...]]:
    return execute(
        url,
        "SELECT c.oid::regclass::text, c.relacl::text FROM pg_class AS c JOIN pg_namespace AS n"
        " ON n.oid = c.relnamespace WHERE nspname = ANY(%s) ORDER BY 1",
        [schema.name for schema in schemas.ALL],
    )


def test_what_is_migrated_is_what_each_service_would_migrate() -> None:
    for schema in schemas.ALL:
        module = (
            access.tokens
            if schema.name == "access"
            else importlib.import_module(f"services.{schema.name}.__main__")
        )
        assert (schema.name, schema.folders) == (module.SCHEMA, module.MIGRATIONS)
    assert (
        tuple(f"giaingan_{schema.name}" for schema in schemas.ALL if schema.name != "access")
        == roles.SERVICES
    )


# --- giaingan migrate --------------------------------------------------------------------------------


def test_the_command_twice_is_harmless_and_says_what_it_did(database_url: str) -> None:
    first = console(database_url, "migrate")
    assert first.returncode == 0, first.stderr
    assert re.search(r"ingest: [1-9]\d* bản cập nhật mới / migrations applied", first.stdout)
    before = _applied(database_url), _acl(database_url)
    second = console(database_url, "migrate")
    assert second.returncode == 0, second.stderr
    assert "aggregation: 0 bản cập nhật mới" in second.stdout
    assert (_applied(database_url), _acl(database_url)) == before


def test_by_the_migrator_once_an_administrator_was_there(database_url: str) -> None:
    roles.migrate_all(database_url)
    migrator = login_of(database_url, roles.MIGRATOR)
    execute(database_url, "DROP SCHEMA alert CASCADE")
    answer = console(migrator, "migrate")
    assert answer.returncode == 0, answer.stderr
    owners = (
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'alert'::regnamespace"
    )
    assert execute(database_url, owners) == [(roles.OWNER,)]
    # And it makes tokens, which no service may.
    made = console(migrator, "token", "create", "--name", "x", "--scope", "read")
    assert made.returncode == 0, made.stderr
    refused = console(
        login_of(database_url, "giaingan_ingest"), "token", "create", "--name", "x", "--scope", "read"
    )
    assert (refused.returncode, "permission denied for table token" in refused.stderr) == (1, True)


def test_an_administrator_without_superuser_is_enough_on_a_new_server(tmp_path: Path) -> None:
    """As on a managed server: a login that creates roles, and owns a database with the tables of before."""
    with servers.postgres(tmp_path / "data") as server:
        superuser = servers.create_database(server, "giaingan")
        admin = login_of(superuser, None, attributes="CREATEROLE")
        execute(superuser, f"ALTER DATABASE giaingan OWNER TO {_login(admin)}")
        ingest = schemas.ALL[1]
        schemas.prepare(admin, schema="ingest", folders=ingest.folders)
        for role in roles.ALL:
            assert execute(superuser, "SELECT 1 FROM pg_roles WHERE rolname = %s", role) == []

        done = roles.migrate_all(admin)
        assert done.roles_created == roles.ALL
        assert done.applied["ingest"] == 0
        assert roles.migrate_all(admin).roles_created == ()
        for url in logins(superuser).values():
            assert execute(url, "SELECT 1") == [(1,)]
        owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'ingest.journal'::regclass"
        assert execute(superuser, owner) == [(roles.OWNER,)]


def test_without_the_roles_and_without_the_right_to_make_them_it_says_so(tmp_path: Path) -> None:
    with servers.postgres(tmp_path / "data") as server:
        url = login_of(servers.create_database(server, "giaingan"), None)
        with pytest.raises(StopServiceError, match="roles-missing"):
            roles.migrate_all(url)


def test_who_may_not_is_told_what_is_needed(database_url: str) -> None:
    roles.migrate_all(database_url)
    answer = console(login_of(database_url, "giaingan_ingest"), "migrate")
    assert answer.returncode == 1
    assert "not-migrator" in answer.stderr
    assert "Traceback" not in answer.stderr
    answer = console("", "migrate")
    assert (answer.returncode, "DATABASE_URL is not set" in answer.stderr) == (1, True)


def test_a_database_that_no_administrator_prepared_is_told(database_url: str) -> None:
    roles.migrate_all(database_url)
    migrator = login_of(database_url, roles.MIGRATOR)
    execute(database_url, f'REVOKE CREATE ON DATABASE "{_database(database_url)}" FROM giaingan_owner')
    with pytest.raises(StopServiceError, match="database-not-prepared"):
        roles.migrate_all(migrator)


def test_what_belongs_to_another_login_is_an_administrators_to_take_over(database_url: str) -> None:
    roles.migrate_all(database_url)
    execute(database_url, "CREATE TABLE alert.stray (x int)")
    with pytest.raises(StopServiceError, match="not-owner"):
        roles.migrate_all(login_of(database_url, roles.MIGRATOR))
    roles.migrate_all(database_url)
    owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'alert.stray'::regclass"
    assert execute(database_url, owner) == [(roles.OWNER,)]


def _database(url: str) -> str:
    return url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]


def test_no_password_is_shown(database_url: str) -> None:
    secret = "s3cr3t-" + uuid4().hex
    answer = console(f"postgresql://nobody:{secret}@nowhere.invalid/x", "migrate")
    assert answer.returncode == 1
    assert secret not in answer.stderr + answer.stdout


def test_two_at_once_wait_for_each_other(database_url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url}
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "services.cli", "migrate"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    counts = sorted(
        sum(int(count) for count in re.findall(r": (\d+) bản cập nhật mới", stdout)) for stdout, _ in said
    )
    assert counts == [0, len(_applied(database_url))]


def test_a_second_one_waits_as_long_as_it_is_told_to(database_url: str) -> None:
    holder = connect(database_url, application="test")
    try:
        acquire_lock(holder, "giaingan-migrate", what="x", wait_seconds=0)
        with pytest.raises(StopServiceError, match="another process has been migrating"):
            roles.migrate_all(database_url, wait_seconds=0.3)
        waiting = threading.Thread(target=roles.migrate_all, args=(database_url,))
        waiting.start()
        time.sleep(0.5)
        assert execute(database_url, "SELECT to_regnamespace('ingest')") == [(None,)]
    finally:
        holder.close()
    waiting.join(timeout=30)
    assert execute(database_url, "SELECT to_regnamespace('alert') IS NOT NULL") == [(True,)]


def test_what_was_made_by_one_login_is_taken_over_with_its_rows(database_url: str) -> None:
    """The way from one URL for everything to a role a service."""
    for schema in schemas.ALL:
        migrate(database_url, schema=schema.name, folders=schema.folders)
    secret = make_token(database_url)
    done = roles.migrate_all(database_url)
    assert set(done.applied.values()) == {0}
    owners = execute(
        database_url,
        "SELECT DISTINCT pg_get_userbyid(o) FROM (SELECT relowner FROM pg_class AS c JOIN pg_namespace AS n"
        " ON n.oid = c.relnamespace WHERE nspname = ANY(%(s)s) UNION SELECT proowner FROM pg_proc AS p JOIN"
        " pg_namespace AS n ON n.oid = p.pronamespace WHERE nspname = ANY(%(s)s) UNION SELECT nspowner FROM"
        " pg_namespace WHERE nspname = ANY(%(s)s)) AS found (o)".replace(
            "%(s)s", "ARRAY['access', 'ingest', 'aggregation', 'alert']"
        ),
    )
    assert owners == [(roles.OWNER,)]
    connection = connect(login_of(database_url, "giaingan_alert"), application="test")
    try:
        with transaction(connection) as cursor:
            assert access.tokens.find(cursor, secret) is not None
    finally:
        connection.close()
    # A service that is started with an administrator's URL goes on as it did.
    assert schemas.prepare(database_url, schema="alert", folders=schemas.ALL[-1].folders) == 0


# --- services under a role that may not migrate ------------------------------------------------------


@pytest.mark.parametrize("schema", schemas.ALL, ids=lambda schema: schema.name)
def test_a_service_finds_its_schema_up_to_date(database_url: str, schema: schemas.Schema) -> None:
    roles.migrate_all(database_url)
    role = "giaingan_ingest" if schema.name == "access" else f"giaingan_{schema.name}"
    url = login_of(database_url, role)
    assert schemas.prepare(url, schema=schema.name, folders=schema.folders) == 0
    # A version runs on the schema of the next one.
    execute(
        database_url,
        f"INSERT INTO {schema.name}.schema_migration (name, sha256) VALUES ('9999_next.sql', 'x')",  # noqa: S608
    )
    assert schemas.prepare(url, schema=schema.name, folders=schema.folders) == 0


def test_a_service_stops_where_its_schema_is_behind(database_url: str, tmp_path: Path) -> None:
    roles.migrate_all(database_url)
    (tmp_path / "0099_next.sql").write_text("CREATE TABLE ingest.next (x int);", encoding="utf-8")
    ingest = schemas.ALL[1]
    url = login_of(database_url, "giaingan_ingest")
    with pytest.raises(schemas.SchemaBehindError) as stopped:
        schemas.prepare(url, schema="ingest", folders=(*ingest.folders, tmp_path))
    said = str(stopped.value)
    assert said.startswith("schema-behind: lược đồ ingest còn thiếu 0099_next.sql")
    assert "the schema ingest lacks 0099_next.sql" in said
    assert said.count("giaingan migrate") == 2
    # Nothing was tried, and the migrator may.
    assert execute(database_url, "SELECT to_regclass('ingest.next')") == [(None,)]
    migrator = login_of(database_url, roles.MIGRATOR)
    assert schemas.prepare(migrator, schema="ingest", folders=(*ingest.folders, tmp_path)) == 1
    owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'ingest.next'::regclass"
    assert execute(database_url, owner) == [(roles.OWNER,)]


def test_a_file_that_was_changed_after_it_was_applied_is_seen_without_migrating(database_url: str) -> None:
    roles.migrate_all(database_url)
    execute(database_url, "UPDATE alert.schema_migration SET sha256 = 'x' WHERE name = '0001_alerts.sql'")
    with pytest.raises(StopServiceError, match="was changed after it was applied"):
        schemas.prepare(
            login_of(database_url, "giaingan_alert"), schema="alert", folders=schemas.ALL[-1].folders
        )


@pytest.mark.parametrize("service", ["ingest", "aggregation", "alert"])
def test_a_service_process_ends_with_the_named_error(database_url: str, service: str) -> None:
    roles.migrate_all(database_url)
    execute(
        database_url,
        f"DELETE FROM {service}.schema_migration WHERE name = '0000_positions.sql'",  # noqa: S608
    )
    answer = console(
        login_of(database_url, f"giaingan_{service}"), service, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1"
    )
    assert answer.returncode == 1
    said = answer.stdout + answer.stderr
    assert "schema-behind" in said
    assert "0000_positions.sql" in said
    assert "giaingan migrate" in said
    assert "Traceback" not in said


def test_a_service_on_an_empty_database_or_without_grants_is_told_so(database_url: str) -> None:
    with pytest.raises(schemas.SchemaBehindError, match=r"0001_alerts\.sql"):
        schemas.prepare(login_of(database_url, None), schema="alert", folders=schemas.ALL[-1].folders)
    roles.migrate_all(database_url)
    execute(database_url, f'GRANT CONNECT ON DATABASE "{_database(database_url)}" TO PUBLIC')
    with pytest.raises(StopServiceError, match="no-grants"):
        schemas.prepare(login_of(database_url, None), schema="alert", folders=schemas.ALL[-1].folders)


def test_a_login_is_made_for_every_role_that_is_for_logins(database_url: str) -> None:
    roles.migrate_all(database_url)
    assert all(execute(url, "SELECT 1") == [(1,)] for url in logins(database_url).values())
    with pytest.raises(psycopg2.OperationalError, match="not permitted to log in"):
        execute(re.sub(r"//postgres:?@", "//giaingan_ingest@", database_url), "SELECT 1")
