"""A model of what senders state, built from values most of which it has seen before.

The rules are the model's own: each field's validator is made of that field of the model, and asked once for
each value. Where a field refuses, or something is missing or unknown, the model itself is asked and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

ModelT = TypeVar("ModelT", bound=BaseModel)

_MOST_REMEMBERED = 10_000
# Values of these types are the same value wherever they are equal; TRUE, 1 and 1.0 are not.
_REMEMBERED_TYPES = (str, date)


class QuickModel(Generic[ModelT]):
    """``model(**values)`` for many rows. Rules that span fields of the model keep it from being quick."""

    def __init__(self, model: type[ModelT]) -> None:
        self._model = model
        found = model.__pydantic_decorators__
        by_field = not (found.model_validators or found.field_validators or found.root_validators)
        self._fields = (
            {name: _Field(each, model) for name, each in model.model_fields.items()} if by_field else {}
        )
        self._needed = {name for name, each in model.model_fields.items() if each.is_required()}
        self._defaults = {
            name: each.get_default(call_default_factory=True, validated_data={})
            for name, each in model.model_fields.items()
            if not each.is_required()
        }

    def __call__(self, **values: Any) -> ModelT:
        """The model of the values. Raises ``pydantic.ValidationError`` as the model does."""
        if not self._needed <= values.keys():
            return self._model(**values)
        checked = self._defaults.copy()
        fields = self._fields
        try:
            for name, value in values.items():
                checked[name] = fields[name].value_of(value)
        except (KeyError, ValidationError):
            return self._model(**values)
        return _built(self._model, checked, set(values))


class _Field:
    """One field of the model, and the values it has taken so far."""

    __slots__ = ("_seen", "_validate")

    def __init__(self, info: FieldInfo, model: type[BaseModel]) -> None:
        annotated: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        is_model = isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
        adapter: TypeAdapter[Any] = TypeAdapter(annotated, config=None if is_model else model.model_config)
        self._validate: Callable[[Any], Any] = adapter.validate_python
        self._seen: dict[Any, Any] = {}

    def value_of(self, value: Any) -> Any:
        """Raises ``ValidationError``."""
        if type(value) not in _REMEMBERED_TYPES:
            return self._validate(value)
        seen = self._seen.get(value)
        if seen is None:
            seen = self._validate(value)
            if len(self._seen) < _MOST_REMEMBERED:
                self._seen[value] = seen
        return seen


def _built(model: type[ModelT], checked: dict[str, Any], given: set[str]) -> ModelT:
    """What ``BaseModel.model_construct`` does once every field is known to be sound."""
    built = model.__new__(model)
    object.__setattr__(built, "__dict__", checked)
    object.__setattr__(built, "__pydantic_fields_set__", given)
    object.__setattr__(built, "__pydantic_extra__", None)
    object.__setattr__(built, "__pydantic_private__", None)
    return built
