from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, DateTime, MetaData
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

TRANSACTION: Final = "transaction_number()"
"""SQL default that numbers rows by their transaction; `HORIZON` says up to where they are whole.

Identities are given before the commit, so what commits late has a low one: who read on after the
highest that it saw would miss it. After a restore it goes on from there (migrations/numbering.py).
"""

HORIZON: Final = "transaction_horizon()"
"""SQL: every transaction with a lower number than this has ended, and its rows are seen."""


class Base(DeclarativeBase):
    """Root of every table; instants are timestamptz and integers 64 bits wide."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        int: BigInteger,
    }
