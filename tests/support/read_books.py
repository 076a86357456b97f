"""Aggregation's read API over books that were written without a broker, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient

from deploy.embedded import servers
from services.aggregation import series_policy
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.aggregation.accounts_api import AccountsApi
from services.aggregation.http_api import ReadApi
from services.aggregation.plan_api import PlanApi
from services.runtime.access.gate import Gate
from services.runtime.api import Api
from services.runtime.clock import Clock
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Pool, migrate
from tests.support.access import client_of, make_token
from tests.support.aggregation import settings_for
from tests.support.applied import Books


@dataclass(frozen=True, slots=True)
class ReadBooks:
    """Books to write to, and a client that may read everything of them."""

    database_url: str
    books: Books
    api: Api
    client: FlaskClient

    def get(self, path: str, **query: object) -> Any:
        """The JSON answer. Raises ``AssertionError`` for any status but 200."""
        answer = self.client.get(path, query_string=query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()


@contextmanager
def read_books(postgres_server: str, *, business_date: date = date(2022, 7, 31)) -> Iterator[ReadBooks]:
    """Empty, migrated books of a database of their own."""
    url = servers.create_database(postgres_server, f"books_{uuid4().hex[:12]}")
    migrate(url, schema=SCHEMA, folders=MIGRATIONS)
    settings = settings_for(url, "127.0.0.1:1", business_date=business_date)
    clock = Clock(business_date)
    series = series_policy.load(settings.policy_dir)
    fund_sources = FundSourceNames.load(settings.policy_dir)
    pool = Pool(url, application="test-api", size=2)
    gate = Gate(settings, service=SCHEMA, pool=pool)
    api = Api(service=SCHEMA, title="t", description="d", gate=gate)
    ReadApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    AccountsApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    PlanApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    try:
        yield ReadBooks(url, Books(url), api, client_of(api.app, make_token(url)))
    finally:
        gate.close()
        pool.close()
