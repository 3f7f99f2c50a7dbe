"""How the forms of a view are stored: by which service. A view writes nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.domain.people import Reader
from app.models import Table
from app.services import catalog, rulebook


class Writer(Protocol):
    """Stores, changes and deletes records of one table. Every refusal is an InletError that people can read."""

    def create(self, values: Mapping[str, Any], reader: Reader) -> int:
        """Store a new record and return its id."""
        ...

    def update(self, record_id: int, values: Mapping[str, Any], reader: Reader, version_no: int | None) -> None:
        """Change a record; `version_no` is the version that the form was made from, where the table has one."""
        ...

    def delete(self, record_id: int, reader: Reader) -> None:
        """Delete a record."""
        ...


@dataclass(frozen=True, slots=True)
class CatalogWriter:
    """Stores merchants, stores, warehouses, accounts and connections."""

    model: type[Table]

    def create(self, values: Mapping[str, Any], reader: Reader) -> int:
        """Store a new record and return its id."""
        return int(catalog.create(self.model, values, reader))

    def update(self, record_id: int, values: Mapping[str, Any], reader: Reader, version_no: int | None) -> None:
        """Change a record."""
        catalog.update(self.model, record_id, values, reader, version_no=version_no)

    def delete(self, record_id: int, reader: Reader) -> None:
        """Delete a record."""
        catalog.delete(self.model, record_id, reader)


class RuleWriter:
    """Stores rules: every save of another text is a new version."""

    def create(self, values: Mapping[str, Any], reader: Reader) -> int:
        """Store a new rule and return its id."""
        return int(rulebook.save(None, values, reader))

    def update(self, record_id: int, values: Mapping[str, Any], reader: Reader, version_no: int | None) -> None:
        """Change a rule."""
        rulebook.save(record_id, values, reader, version_no)

    def delete(self, record_id: int, reader: Reader) -> None:
        """Delete a rule."""
        rulebook.delete(record_id, reader)
