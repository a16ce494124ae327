import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.client.cases import VALUE_FIELDS
from app.client.details import DATES, LISTS, TEXTS, WORDS
from app.client.errors import UsageError
from app.identifiers.kinds import KINDS

CASE_FIELDS: Final = (
    "source_system",
    "record_class",
    "trafficking_type",
    "disclosure",
    "county_fips",
    "opened_on",
    "review_on",
    "summary",
    *dict.fromkeys((*TEXTS, *DATES, *WORDS, *LISTS)),
)
CODED_FIELDS: Final = (
    "record_class",
    "trafficking_type",
    "disclosure",
    "provenance",
    "subject_kind",
    "role",
    "standing",
    "juvenile",
    "charged",
    *WORDS,
)
OF_FIELDS: Final = {kind: f"{kind}_{KINDS[kind].of}" for kind in VALUE_FIELDS if KINDS[kind].of}
"""The field of what a kind needs beside its value: `plate_state`, `handle_platform`."""

MANY_FIELDS: Final = frozenset({"aliases", "phones", *VALUE_FIELDS.values()})
"""Fields that may have several columns and, in a cell, several values."""

_SINGLE: Final = {
    *CASE_FIELDS,
    *CODED_FIELDS,
    "external_id",
    "subject_ref",
    "given",
    "middle",
    "surname",
    "full_name",
    "born",
    "address_number",
    "address_street",
    "address_unit",
    "address_postcode",
    *OF_FIELDS.values(),
}
_CONSTANTS: Final = {*CASE_FIELDS, *CODED_FIELDS, *OF_FIELDS.values()} - {"summary", "role"}
_REQUIRED: Final = (
    "source_system",
    "external_id",
    "record_class",
    "trafficking_type",
    "provenance",
)

DateOrder = Literal["ymd", "mdy", "dmy"]
_Columns = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(min_length=1),
]


class FileOptions(BaseModel):
    """How the export is written, where the client should not find out by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = None
    dates: tuple[DateOrder, ...] = ("ymd", "mdy")
    """Orders of year, month and day that dates may have; the year always has four digits."""
    region: str = Field(default="US", pattern="^[A-Z]{2}$")
    """Country of phones without + and of addresses, ISO 3166-1 alpha-2."""


class Mapping(BaseModel):
    """Which column of an export means what: `map.toml`, see docs/examples/map.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: FileOptions = FileOptions()
    constants: dict[str, str] = {}
    """Values for the whole file; where a column is given too, for its empty cells."""
    columns: dict[str, _Columns]
    """Header texts by field. For `MANY_FIELDS` all of them, else the first that exists."""
    values: dict[str, dict[str, str]] = {}
    """Per coded field: the export's text to ours, whatever its case."""
    separators: dict[str, str] = {}
    """What stands between several values in one cell of `MANY_FIELDS`; `;` unless given."""

    def translate(self, field: str, text: str) -> str:
        """Return our code for the export's `text` of a coded field, or `text` in lower case.

        Of a field that is a list each of its words; a code that is written in capitals stays so.
        """
        if field in LISTS and ";" in text:
            return ";".join(self.translate(field, part) for part in text.split(";"))
        key = text.strip().casefold()
        return self._codes.get((field, key)) or self._capitals.get((field, key), key)

    @cached_property
    def _capitals(self) -> dict[tuple[str, str], str]:
        return {(field, word.casefold()): word for field, words in WORDS.items() for word in words}

    @cached_property
    def _codes(self) -> dict[tuple[str, str], str]:
        return {
            (field, text.strip().casefold()): code
            for field, table in self.values.items()
            for text, code in table.items()
        }

    def split(self, field: str, text: str) -> list[str]:
        """Return the values in one cell of a field that may hold several."""
        return [part.strip() for part in text.split(self.separators.get(field, ";"))]


def read_mapping(path: Path, required: Sequence[str] = _REQUIRED) -> Mapping:
    """Read a column map that has a column or a constant for each field of `required`.

    Raises:
        UsageError: absent, not TOML, or it names a field or option that does not exist.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        mapping = Mapping.model_validate(data)
    except OSError:
        raise UsageError("map-absent", f"Cannot read {path}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UsageError("map-invalid", f"{path} is not TOML in UTF-8.") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError("map-invalid", f"{path}: {where}: {first['msg']}") from None
    _check_fields(path, mapping, required)
    return mapping


def _check_fields(path: Path, mapping: Mapping, required: Sequence[str]) -> None:
    tables = (
        ("columns", set(mapping.columns), _SINGLE | MANY_FIELDS),
        ("constants", set(mapping.constants), _CONSTANTS),
        ("values", set(mapping.values), set(CODED_FIELDS)),
        ("separators", set(mapping.separators), MANY_FIELDS),
    )
    for table, given, allowed in tables:
        if unknown := sorted(given - allowed):
            raise UsageError(
                "map-invalid",
                f"{path}: [{table}] has no field {unknown[0]!r}; it may have:"
                f" {', '.join(sorted(allowed))}",
            )
    if "" in mapping.separators.values():
        raise UsageError("map-invalid", f"{path}: a separator has at least one character.")
    given_fields = mapping.columns.keys() | mapping.constants.keys()
    if missing := [field for field in required if field not in given_fields]:
        raise UsageError(
            "map-incomplete", f"{path}: give a column or a constant for {', '.join(missing)}."
        )
    if "external_id" in required and "external_id" not in mapping.columns:
        raise UsageError("map-incomplete", f"{path}: external_id needs a column.")
