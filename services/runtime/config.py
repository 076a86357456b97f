"""Settings from the environment, one class for every process. Each is described in docs/SETTINGS.md."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_REPOSITORY = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """What an operator sets: GIAINGAN_ and the name, but for the two names that are the same everywhere."""

    model_config = SettingsConfigDict(env_prefix="GIAINGAN_", extra="ignore")

    database_url: SecretStr = Field(
        validation_alias="DATABASE_URL",
        description="PostgreSQL, as a libpq URL. Holds a password, so it is never logged.",
    )
    kafka_bootstrap_servers: str = Field(
        validation_alias="KAFKA_BOOTSTRAP_SERVERS", description="Kafka brokers, host:port by comma."
    )
    business_date: date | None = Field(
        None, description="The day the system works on. Unset: today in Asia/Ho_Chi_Minh."
    )
    bind_host: str = Field("127.0.0.1", description="The address the HTTP API listens on.")
    ingest_port: int = Field(8081, ge=0, le=65535, description="Port of the ingest service.")
    aggregation_port: int = Field(8082, ge=0, le=65535, description="Port of the aggregation service.")
    alert_port: int = Field(8083, ge=0, le=65535, description="Port of the alert service.")
    http_threads: int = Field(
        16, ge=1, le=256, description="Threads that answer HTTP requests: more than may be in flight."
    )
    max_in_flight: int = Field(
        8, ge=1, le=256, description="Most requests worked on at once; above it, 503 at once."
    )
    max_imports_in_flight: int = Field(2, ge=1, le=64, description="Most files worked on at once.")
    max_streams: int = Field(
        4,
        ge=0,
        le=64,
        description="Most streams of changes that wait at once, each with a thread of its own.",
    )
    client_requests_per_second: int = Field(
        300, ge=1, description="Requests of one token a second, over a while; above it, 429."
    )
    client_burst: int = Field(600, ge=1, description="Requests of one token at once.")
    failed_logins_per_minute: int = Field(
        20, ge=1, description="Requests of one address without a valid token in a minute; above it, 429."
    )
    max_body_bytes: int = Field(
        8 * 1024 * 1024, ge=1024, description="Largest JSON body that is read; above it, 413."
    )
    max_import_bytes: int = Field(
        32 * 1024 * 1024, ge=1024, description="Largest form with a file that is read; above it, 413."
    )
    idempotency_lease_seconds: int = Field(
        180, ge=1, description="How long a request holds its Idempotency-Key if its process dies with it."
    )
    max_import_rows: int = Field(200_000, ge=1, description="Most rows read from one file.")
    import_seconds: float = Field(
        120, ge=0.01, le=3600, description="How long reading one file may take; above it, 413."
    )
    import_memory_mb: int = Field(
        1024, ge=64, description="Memory (address space) that reading one file may take; above it, 413."
    )
    aggregation_url: str = Field(
        "http://127.0.0.1:8082",
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="Where the alert service asks for the movements behind an alert.",
    )
    public_url: str = Field(
        "http://127.0.0.1:8083", description="Where readers reach the alert service; feed links use it."
    )
    webhook_key: SecretStr | None = Field(
        None,
        description=(
            "What the secrets of webhooks follow from: 32 random bytes or more in base64, a new key before "
            "the old one, by comma. Unset: no webhook can be made, and none is sent."
        ),
    )
    webhook_timeout_seconds: float = Field(
        10.0, ge=0.1, le=15, description="How long a webhook's receiver may take for its whole answer."
    )
    webhook_senders: int = Field(
        16,
        ge=1,
        le=256,
        description=(
            "Most webhooks sent to at once, one message each; half of them for those that fail or are slow."
        ),
    )
    webhook_inside_networks: str | None = Field(
        None,
        description="Networks that are not public to which webhooks are sent all the same, on any port.",
    )
    policy_dir: Path = Field(
        _REPOSITORY / "deploy" / "policy", description="Folder of the policy files: rules, series, imports."
    )
    ephemeral_broker: bool = Field(
        False,
        description=(
            "The broker forgets when it restarts (the embedded one does). Ingest then restores its log "
            "and the consumers adopt the new one by themselves. Never set it against Apache Kafka."
        ),
    )
    topic_replication: int = Field(1, ge=1, le=9, description="Replicas of each topic when created.")
    topic_partitions: int | None = Field(
        None, ge=1, le=1000, description="Partitions of each topic when created. Unset: 12."
    )
    kafka_session_timeout_ms: int = Field(
        10_000, ge=500, description="Without a heartbeat for this long, a consumer loses its partitions."
    )
    kafka_delivery_timeout_ms: int = Field(
        8_000, ge=500, description="How long a publish may take before it is answered 503."
    )
    poll_records: int = Field(
        500, ge=1, le=10_000, description="Most records taken into one database transaction."
    )
    emit_interval_ms: int = Field(
        250, ge=10, description="How long changes of a subject are gathered before its progress is told."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")


def faults(error: ValidationError) -> str:
    """What is wrong with the settings, without the value of any: one of them is the database's password."""
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())


def load() -> Settings:
    """The settings of this process. Raises ``pydantic.ValidationError`` naming what is wrong."""
    return Settings()
