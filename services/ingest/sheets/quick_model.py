"""A model of what senders state, built from values most of which it has seen before.

The rules are the model's own: each field's validator is made of that field of the model, and asked once for
each value. Where a field refuses, or something is missing or unknown, the model itself is asked and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

ModelT = TypeVar("ModelT", bound=BaseModel)

_MOST_REMEMBERED = 10_000
# After so many rows it shows which fields repeat; those with few values are then looked up together.
_SHOWS_AFTER = 500
_FEW = 50


class QuickModel(Generic[ModelT]):
    """``model(**values)`` for many rows. Rules that span fields of the model keep it from being quick."""

    def __init__(self, model: type[ModelT]) -> None:
        self._model = model
        found = model.__pydantic_decorators__
        spans_fields = found.model_validators or found.field_validators or found.root_validators
        fields = {} if spans_fields else model.model_fields
        self._fields = {name: _Field(each, model) for name, each in fields.items()}
        self._needed = {name for name, each in model.model_fields.items() if each.is_required()}
        self._defaults = {
            name: each.get_default(call_default_factory=True, validated_data={})
            for name, each in model.model_fields.items()
            if not each.is_required()
        }
        self._calls = 0
        self._together = _Together(self._fields, self._defaults, [])

    def __call__(self, values: Mapping[str, Any]) -> ModelT:
        """The model of the values. Raises ``pydantic.ValidationError`` as the model does."""
        self._calls += 1
        if self._calls == _SHOWS_AFTER:
            few = [name for name in values if name in self._fields and len(self._fields[name]) <= _FEW]
            self._together = _Together(self._fields, self._defaults, few)
        together = self._together
        if together.names != values.keys():
            if not self._needed <= values.keys():
                return self._model(**values)
            together.expect(values)
        try:
            checked = together.checked(values)
        except (KeyError, TypeError, ValidationError):
            return self._model(**values)
        return _built(self._model, checked, together.names)


class _Together:
    """Fields that have few values, looked up by all of these values at once; the others one by one."""

    def __init__(
        self, fields: Mapping[str, _Field], defaults: Mapping[str, Any], names: Sequence[str]
    ) -> None:
        self.names: set[str] = set()
        self._fields = fields
        self._defaults = defaults
        self._few = names
        self._single: list[tuple[str, _Field | None]] = []
        self._of = itemgetter(*names) if len(names) > 1 else None
        # By the values: their types, for TRUE, 1 and 1.0 are equal; and the fields as the model has them.
        self._seen: dict[Any, tuple[tuple[type, ...], dict[str, Any]]] = {}

    def expect(self, names: Iterable[str]) -> None:
        """Which fields the values are of from now on: row after row the same."""
        self.names = set(names)
        few = self._few if self._of else ()
        self._single = [(name, self._fields.get(name)) for name in names if name not in few]

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Every field of the model. Raises ``KeyError``, ``TypeError`` or ``ValidationError`` where one is
        not sound, or nobody knows it."""
        checked = self._of_few(values) if self._of else dict(self._defaults)
        for name, field in self._single:
            if field is None:
                raise KeyError(name)
            checked[name] = field.value_of(values[name])
        return checked

    def _of_few(self, values: Mapping[str, Any]) -> dict[str, Any]:
        key = self._of(values) if self._of else ()
        types = tuple(map(type, key))
        known, together = self._seen.get(key, (None, {}))
        if known != types:
            together = dict(self._defaults)
            for name in self._few:
                together[name] = self._fields[name].value_of(values[name])
            if len(self._seen) < _MOST_REMEMBERED:
                self._seen[key] = (types, together)
        return together.copy()


class _Field:
    """One field of the model, and the values it has taken so far, by their type."""

    __slots__ = ("_count", "_seen", "_validate")

    def __init__(self, info: FieldInfo, model: type[BaseModel]) -> None:
        annotated: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        is_model = isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
        adapter: TypeAdapter[Any] = TypeAdapter(annotated, config=None if is_model else model.model_config)
        self._validate: Callable[[Any], Any] = adapter.validator.validate_python
        self._seen: dict[type, dict[Any, Any]] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many values it has taken, as far as they are remembered."""
        return self._count

    def value_of(self, value: Any) -> Any:
        """Raises ``ValidationError``."""
        seen = self._seen.get(type(value))
        if seen is not None and value in seen:
            return seen[value]
        found = self._validate(value)
        if self._count < _MOST_REMEMBERED:
            self._count += 1
            self._seen.setdefault(type(value), {})[value] = found
        return found


def _built(model: type[ModelT], checked: dict[str, Any], given: set[str]) -> ModelT:
    """What ``BaseModel.model_construct`` does once every field is known to be sound. Rows share ``given``."""
    built = model.__new__(model)
    object.__setattr__(built, "__dict__", checked)
    object.__setattr__(built, "__pydantic_fields_set__", given)
    object.__setattr__(built, "__pydantic_extra__", None)
    object.__setattr__(built, "__pydantic_private__", None)
    return built
