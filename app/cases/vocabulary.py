"""The coded words of a case and of what is shown of an overlap."""

from typing import Literal

RecordClass = Literal["pre_charge", "charged", "disposed", "declined"]
TraffickingType = Literal["sex", "labor", "both", "undetermined"]
Disclosure = Literal["open", "contact_first", "silent"]
Provenance = Literal["police_report", "court_filing", "own_investigation"]
Rung = Literal["pointer", "contact", "summary", "record"]
Band = Literal["strong", "probable", "possible", "shared_only"]
