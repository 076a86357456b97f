"""A rule as it was when it judged: kept once for each different one, so that it can judge again for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from services.alert.policy import BothTexts
from services.domain.lag_rules import LAG_RULES, Policy, Rule, RuleName

_POLICY = TypeAdapter(Policy)
_RULES = TypeAdapter(tuple[Rule, ...])


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """``definition`` is JSON with sorted keys: ``policy``, the domain's policy with this rule alone, ``text``
    in both languages and, of source_stale, ``silenced``: the rules that it may keep silent. Its numbers are
    exact texts ("9/10")."""

    rule: RuleName
    rule_version: int
    definition: str

    @property
    def digest(self) -> bytes:
        """SHA-256 of the definition."""
        return hashlib.sha256(self.definition.encode()).digest()


@lru_cache(maxsize=1_000)
def definition_of(policy: Policy, rule: Rule, texts: BothTexts) -> RuleDefinition:
    """The rule with all that bears on what it finds and says. Asked for every change, so remembered."""
    whole = {"policy": _plain(replace(policy, rules=(rule,))), "text": texts.model_dump(mode="json")}
    if rule.name is RuleName.SOURCE_STALE:
        whole["silenced"] = _plain(tuple(each for each in policy.rules if each.name in LAG_RULES))
    return RuleDefinition(rule.name, rule.version, canonical(whole))


def canonical(definition: Mapping[str, Any]) -> str:
    """The text that the digest is taken of."""
    return json.dumps(definition, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def policy_of(definition: Mapping[str, Any]) -> Policy:
    """The policy to judge by again. Raises ``pydantic.ValidationError`` for a shape that is not known."""
    return _POLICY.validate_json(json.dumps(definition["policy"]))


def silenced_by(definition: Mapping[str, Any]) -> tuple[Rule, ...] | None:
    """The rules that source_stale may keep silent, as they were then; ``None`` where nobody kept them. Raises
    ``pydantic.ValidationError``."""
    kept = definition.get("silenced")
    return None if kept is None else _RULES.validate_json(json.dumps(kept))


def _plain(value: Any) -> Any:
    """As JSON has it, the same text each time: sets in order, fractions exact."""
    if is_dataclass(value):
        value = {
            field.name: getattr(value, field.name)
            for field in fields(value)
            if field.init and field.name[0] != "_"
        }
    match value:
        case Mapping():
            return {str(_plain(key)): _plain(each) for key, each in value.items()}
        case frozenset():
            return sorted((_plain(each) for each in value), key=str)
        case tuple():
            return [_plain(each) for each in value]
        case Enum() | date() | Fraction():
            # A member of StrEnum is its value.
            return str(value)
    return value
