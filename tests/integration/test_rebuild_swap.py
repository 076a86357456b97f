"""What a swap of rebuilt books leaves as it was: grants, the shape of the schema, and who is at work."""

from __future__ import annotations

import threading

import pytest

from services.aggregation.rebuild import from_kafka, from_ledger
from services.aggregation.rebuild.outcome import RebuildError
from services.runtime import roles
from services.runtime.postgres import connect
from tests.integration.test_rebuild import live, publish_everything, told_differences, url_of
from tests.support import facts
from tests.support.aggregation import Aggregation, eventually, running, settings_for
from tests.support.brokers import Broker
from tests.support.logins import execute, login_of

__all__ = ["live"]
pytestmark = pytest.mark.timeout(120)

_WAITS = """
SELECT 1 FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
 WHERE a.application_name = 'giaingan-rebuild' AND l.mode = 'AccessExclusiveLock' AND NOT l.granted
"""


def test_a_transaction_that_reads_ends_in_the_books_in_which_it_began(live: Aggregation) -> None:
    reader = connect(url_of(live), application="test-reader")
    with reader.cursor() as cursor:
        cursor.execute("SELECT 'aggregation.ledger'::regclass::oid, count(*) FROM aggregation.ledger")
        began_in = cursor.fetchone()
        rebuilding = threading.Thread(
            target=from_kafka.rebuild, args=(live.settings,), kwargs={"to_swap": True}
        )
        rebuilding.start()
        eventually(lambda: bool(live.rows(_WAITS)))
        cursor.execute("SELECT 'aggregation.ledger'::regclass::oid, count(*) FROM aggregation.ledger")
        assert cursor.fetchone() == began_in
    reader.rollback()
    rebuilding.join()
    reader.close()
    assert live.rows("SELECT count(*) FROM aggregation.rebuild") == [(1,)]


def test_the_migrator_rebuilds_and_every_role_may_afterwards_what_it_might_before(
    database_url: str, broker: Broker
) -> None:
    roles.migrate_all(database_url)
    service = login_of(database_url, "giaingan_aggregation")
    migrator = login_of(database_url, roles.MIGRATOR)
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        publish_everything(aggregation)
        aggregation.settle()
        as_migrator = settings_for(migrator, broker.bootstrap_servers)
        before = _acl(database_url)
        assert told_differences(from_kafka.rebuild(as_migrator, to_swap=True)) == []
        assert _acl(database_url) == before
        kept = "SELECT has_table_privilege('giaingan_aggregation', 'aggregation_before_1.ledger', %s)"
        assert [execute(database_url, kept, what) for what in ("SELECT", "INSERT", "UPDATE")] == [
            [(True,)],
            [(False,)],
            [(False,)],
        ]
        assert from_ledger.rebuild(migrator, swap=True).is_swapped
        with pytest.raises(RebuildError, match="not-migrator"):
            from_ledger.rebuild(service, swap=False)
        aggregation.publish(facts.movement("after", 5))
        aggregation.settle()
        assert aggregation.failures == []
    assert execute(service, "SELECT count(*) FROM aggregation.ledger WHERE source_ref = 'after'") == [(1,)]


def test_a_schema_that_is_migrated_meanwhile_is_not_swapped(live: Aggregation) -> None:
    def migrate_meanwhile(table: str) -> None:
        if table == "ledger":
            live.rows(
                "INSERT INTO aggregation.schema_migration (name, sha256) VALUES ('0999_x.sql', '')"
                " RETURNING name"
            )

    heard = from_kafka.Heard(lambda _: None, lambda _: None, migrate_meanwhile)
    with pytest.raises(RebuildError, match="other-version"):
        from_kafka.rebuild(live.settings, to_swap=True, heard=heard)
    assert live.rows("SELECT count(*) FROM aggregation.rebuild") == [(0,)]


def _acl(url: str) -> list[tuple[object, ...]]:
    return execute(
        url,
        """
        SELECT 'schema', nspname, nspacl::text, pg_get_userbyid(nspowner) FROM pg_namespace
         WHERE nspname = 'aggregation'
         UNION ALL
        SELECT 'relation', relname, relacl::text, pg_get_userbyid(relowner) FROM pg_class
         WHERE relnamespace = 'aggregation'::regnamespace
         UNION ALL
        SELECT 'column', attrelid::regclass::text || '.' || attname, attacl::text, '' FROM pg_attribute
         WHERE attacl IS NOT NULL AND attrelid IN (
               SELECT oid FROM pg_class WHERE relnamespace = 'aggregation'::regnamespace)
         UNION ALL
        SELECT 'routine', oid::regprocedure::text, proacl::text, pg_get_userbyid(proowner) FROM pg_proc
         WHERE pronamespace = 'aggregation'::regnamespace
         ORDER BY 1, 2
        """,
    )


def test_the_schema_after_a_swap_is_the_one_that_the_migrations_make(live: Aggregation) -> None:
    before = _shape(url_of(live))
    from_kafka.rebuild(live.settings, to_swap=True)
    assert _shape(url_of(live)) == before


def _shape(url: str) -> list[tuple[object, ...]]:
    """Columns with defaults, constraints, indexes, triggers and functions, as PostgreSQL writes them."""
    return execute(
        url,
        """
        SELECT 'column', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
               pg_get_expr(d.adbin, d.adrelid)
          FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         WHERE c.relnamespace = 'aggregation'::regnamespace AND a.attnum > 0
         UNION ALL
        SELECT 'constraint', conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'aggregation'::regnamespace
         UNION ALL
        SELECT 'index', indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = 'aggregation'
         UNION ALL
        SELECT 'trigger', t.tgname, t.tgrelid::regclass::text, pg_get_triggerdef(t.oid) FROM pg_trigger AS t
          JOIN pg_class AS c ON c.oid = t.tgrelid
         WHERE c.relnamespace = 'aggregation'::regnamespace AND NOT t.tgisinternal
         UNION ALL
        SELECT 'function', p.oid::regprocedure::text, '', pg_get_functiondef(p.oid) FROM pg_proc AS p
         WHERE p.pronamespace = 'aggregation'::regnamespace
         UNION ALL
        SELECT 'view', viewname, '', definition FROM pg_views WHERE schemaname = 'aggregation'
         ORDER BY 1, 2, 3, 4
        """,
    )
