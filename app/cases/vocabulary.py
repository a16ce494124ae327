"""The coded words of a case and of what is shown of an overlap."""

from typing import Literal

from app.access.vocabulary import Disclosure, RecordClass

__all__ = ["Band", "Disclosure", "Provenance", "RecordClass", "Rung", "TraffickingType"]

TraffickingType = Literal["sex", "labor", "both", "undetermined"]
Provenance = Literal["police_report", "court_filing", "own_investigation"]
Rung = Literal["pointer", "contact", "summary", "record"]
Band = Literal["strong", "probable", "possible", "shared_only"]
