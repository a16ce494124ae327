"""The coded words of a case and of what is shown of an overlap."""

from typing import Literal

from app.access.vocabulary import Disclosure, RecordClass

__all__ = ["Band", "Disclosure", "Provenance", "RecordClass", "Rung", "TraffickingType"]

TraffickingType = Literal["sex", "labor", "both", "undetermined"]
Provenance = Literal["police_report", "court_filing", "own_investigation"]
Rung = Literal["pointer", "contact", "summary", "record"]
Verdict = Literal["confirmed", "not_a_match", "need_information"]
NotAMatchReason = Literal[
    "different_person",
    "different_organization",
    "shared_by_chance",
    "shared_service",
    "victim_or_witness",
    "wrong_data",
]
JointVerdict = Literal[
    "open", "awaiting_other", "confirmed", "not_a_match", "disagreement", "information_needed"
]
RetractReason = Literal["evidence_gone", "case_withdrawn"]
Band = Literal["strong", "probable", "possible", "shared_only"]
