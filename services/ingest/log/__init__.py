"""Events into Kafka's log, and what ingest remembers of them."""
