"""Who may do what: tokens, units, the gate before every route, and the audit of what was done and refused."""

from services.runtime.access import audit, tokens
from services.runtime.access.callers import EVERYTHING, Caller, Scope, Unit, caller, outside_unit

__all__ = ["EVERYTHING", "Caller", "Scope", "Unit", "audit", "caller", "outside_unit", "tokens"]
