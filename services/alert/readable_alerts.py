"""Alerts that this version has words for. In a rolling upgrade a later one writes others: it shows them, and
takes care of them, itself."""

from __future__ import annotations

from psycopg2 import sql

from services.domain.alert_lifecycle import AlertState
from services.domain.lag_rules import RuleName
from services.domain.progress import SubjectType

READABLE = sql.SQL(
    "a.rule = ANY (%(known_rules)s) AND a.state = ANY (%(known_states)s)"
    " AND a.subject_type = ANY (%(known_subjects)s)"
)
READABLE_VALUES = {
    "known_rules": [*RuleName],
    "known_states": [*AlertState],
    "known_subjects": [*SubjectType],
}
