import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Effect = Literal["field", "row", "case"]

ADVICE: Final = {
    "attestation-missing": "Attest what is not charged: basis, by whom, when, where; why declined.",
    "attestation-holds-identifier": "Name roles and places in the office, not persons or numbers.",
    "attestation-names-subject": "Name roles and places in the office, not the subjects.",
    "case-fields-differ": "Rows of one case say different things about it; make them equal.",
    "case-rows-apart": "Sort the export by case number: the rows of one case stand together.",
    "characters-unreadable": "Set [file] encoding in the map; some characters cannot be read.",
    "column-count": "The row has more or fewer cells than the header; quote cells with delimiters.",
    "county-invalid": "Use the five digits of the county's FIPS code.",
    "date-invalid": "Use a day of the calendar with a four-digit year; see dates in the map.",
    "disclosure-unknown": "Use open, contact_first or silent, or translate it in the map.",
    "external-id-invalid": "Use a case number of 1 to 64 letters, digits and . _ ~ -.",
    "external-id-names-subject": "The case number holds a subject's name, birth date or number.",
    "external-id-holds-identifier": "The case number holds an identifier such as an SSN or e-mail.",
    "juvenile-not-matched": "Juveniles are named in the case and never matched.",
    "kind-of-other-subject": "Persons and organizations have other identifiers; see subject_kind.",
    "kind-unknown": "Use a kind of identifier that docs/match-spec.md lists.",
    "names-of-organization": "An organization has no personal names; use org_name and org_state.",
    "not-suspected-not-matched": "Who is not suspected is named in the case and never matched.",
    "nothing-to-compare": "Give a name with a whole date of birth, or an SSN, license or passport.",
    "nothing-to-match": "Give a name with a date of birth, a phone, an address or another number.",
    "provenance-refused": "Data of victim services and hotlines is never posted; leave it out.",
    "provenance-unknown": "Use police_report, court_filing or own_investigation.",
    "quotes-broken": "Text follows a closing quote; double the quotes inside a cell.",
    "record-class-unknown": "Use charged, pre_charge, disposed or declined, or translate it.",
    "record-sealed": "Sealed and juvenile records must not be posted; leave the case out.",
    "ref-invalid": "Use a subject reference of 1 to 32 letters, digits and . _ -.",
    "ref-names-subject": "The subject reference holds a subject's name, birth date or number.",
    "ref-holds-identifier": "The subject reference holds an identifier such as an SSN or e-mail.",
    "role-not-subject": "The registry holds no victim data; post subjects only.",
    "role-unknown": "Translate the role to subject, victim or witness in [values.role].",
    "source-system-invalid": "Use a name of 1 to 32 small letters, digits and _ -.",
    "subject-kind-unknown": "Use person or organization, or translate it in the map.",
    "subjects-differ": "Rows of one subject differ in birth date, kind or provenance.",
    "summary-holds-identifier": "Remove phone, SSN and e-mail from the summary.",
    "summary-names-subject": "Remove the subjects' names, birth dates and numbers.",
    "summary-too-long": "Shorten the summary to 2,000 characters.",
    "standing-unknown": "Use suspected or not_suspected, or translate it in the map.",
    "too-many-identifiers": "A subject has at most 50 other identifiers; the rest is left out.",
    "too-many-names": "A subject has at most 8 names; the rest is left out.",
    "too-many-subjects": "A case has at most 50 subjects; split it.",
    "trafficking-type-unknown": "Use sex, labor, both or undetermined, or translate it in the map.",
    "victim-services-refused": "What victim services told needs consent (28 CFR 94.115).",
    "word-unknown": "Use the words that docs/records.md lists, or translate them in the map.",
}
"""What to do, by code. No sentence holds a value."""

_HEADER: Final = ("line", "column", "code", "effect", "what_to_do")


@dataclass(frozen=True)
class Reject:
    """One thing that was not posted, and why. Never holds a value of the export."""

    line: int
    column: str
    """The header's text, or empty when it is about the whole row."""
    code: str
    effect: Effect
    """What was left out: the field, the row or the whole case."""
    advice: str


def reject(line: int, code: str, effect: Effect, *, column: str = "") -> Reject:
    """Return the reject for one of our own codes."""
    return Reject(line, column, code, effect, ADVICE[code])


class RejectFile:
    """`FILE.rejects.csv`: opened with the first reject, cut back to where a resumed push was."""

    def __init__(self, path: Path, *, size: int) -> None:
        """Keep the first `size` bytes of the file, 0 for a new push."""
        self._path = path
        self.size = size
        if not size:
            path.unlink(missing_ok=True)
        elif path.exists():
            os.truncate(path, size)
        else:
            self.size = 0

    def add(self, rejects: Iterable[Reject]) -> None:
        """Append `rejects` and flush them to the disk."""
        rows = [(each.line, each.column, each.code, each.effect, each.advice) for each in rejects]
        if not rows:
            return
        with self._path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if not self.size:
                writer.writerow(_HEADER)
            writer.writerows(rows)
            file.flush()
            os.fsync(file.fileno())
            self.size = file.tell()
