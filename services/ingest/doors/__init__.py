"""The doors of ingest: what comes in by HTTP, and what is answered."""
