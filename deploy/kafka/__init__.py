"""Apache Kafka on this machine, for tests: three brokers on loopback, out of pinned jars."""
