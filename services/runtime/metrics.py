"""Every metric of every service, described in docs/METRICS.md. Labels are bounded: never a project."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

HTTP_REQUESTS = Counter(
    "giaingan_http_requests", "HTTP requests answered.", ["service", "route", "method", "status"]
)
HTTP_SECONDS = Histogram(
    "giaingan_http_request_seconds",
    "Time to answer an HTTP request.",
    ["service", "route"],
    buckets=_SECONDS,
)
IN_FLIGHT = Gauge(
    "giaingan_requests_in_flight",
    "Requests being worked on, by the bound they count for.",
    ["service", "slots"],
)
REFUSED = Counter(
    "giaingan_requests_refused",
    "Requests refused before any work, by code of the problem.",
    ["service", "code"],
)
AUDIT_WAITING = Gauge(
    "giaingan_audit_rows_waiting", "Rows of the audit that are not in the database yet.", ["service"]
)
EVENTS_ACCEPTED = Counter(
    "giaingan_events_accepted", "Events acknowledged to a sender, by outcome.", ["outcome"]
)
PUBLISH_SECONDS = Histogram(
    "giaingan_publish_seconds",
    "Time until the broker acknowledged a publish.",
    ["topic"],
    buckets=_SECONDS,
)
PUBLISH_FAILURES = Counter(
    "giaingan_publish_failures", "Publishes the broker did not acknowledge in time.", ["topic"]
)
EVENTS_APPLIED = Counter(
    "giaingan_events_applied",
    "Events taken from a topic, by fate: inserted, duplicate, conflict, quarantined, decided.",
    ["topic", "fate"],
)
BATCH_SECONDS = Histogram(
    "giaingan_batch_seconds", "Time of one batch's transaction.", ["topic"], buckets=_SECONDS
)
CONSUMER_LAG = Gauge(
    "giaingan_consumer_lag_records", "Records in the log that are not applied yet.", ["topic", "partition"]
)
BATCHES_ROLLED_BACK = Counter(
    "giaingan_batches_rolled_back",
    "Batches rolled back, by reason: fenced, moved, database, conflict.",
    ["topic", "reason"],
)
OLDEST_HELD_SECONDS = Gauge(
    "giaingan_quarantine_oldest_seconds", "Age of the oldest case held in quarantine; 0 without one."
)
FINDINGS_OPEN = Gauge(
    "giaingan_findings_open",
    "Lines with a finding on the business date, by finding, in every budget year that is open then. Each "
    "process tells all of them: take the maximum, not the sum.",
    ["finding"],
)
PROGRESS_EMITTED = Counter("giaingan_progress_emitted", "Progress messages acknowledged by the broker.")
PROGRESS_DUE = Gauge("giaingan_progress_due", "Projects whose progress is still to be told.")
LAST_TICK = Gauge("giaingan_cutoff_tick_timestamp_seconds", "When the last cut-off tick ran, as Unix time.")
ALERT_CHANGES = Counter(
    "giaingan_alert_changes", "Changes of alerts recorded, by rule and transition.", ["rule", "transition"]
)
HANDLING_STEPS = Counter(
    "giaingan_alert_handling_steps", "Steps of handling taken, by kind and by whom.", ["kind", "by"]
)
ALERTS_OPEN = Gauge("giaingan_alerts_open", "Alerts open now, by rule and severity.", ["rule", "severity"])
