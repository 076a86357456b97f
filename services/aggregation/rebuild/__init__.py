"""``giaingan rebuild``: the books made again beside the live ones, compared, and put in their place.

From the ledger: what is derived from it (``from_ledger``). From Kafka: everything, by the code that applies
every event (``from_kafka``). Traffic goes on meanwhile; docs/REBUILD.md and docs/adr/0018 say how.
"""
