"""The past judged again by one policy or several, without touching live alerts: ``giaingan backtest``.

Reads the ledger in one read-only snapshot, with the rights of an auditor, and writes nothing.
"""
