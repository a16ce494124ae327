"""What `joinder client` prints of answers; nothing of an export is in them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.client.push import Summary


def overlap_line(overlap: Mapping[str, Any]) -> str:
    """Return an overlap as one line: own case, band, other office, whom to call, why."""
    case, other = overlap["case"], overlap["counterpart"]
    why = "; ".join(
        finding["explanation"] or "shared: " + ", ".join(finding["kinds"])
        for finding in overlap["findings"]
    )
    office = other["office"]["name"] if other["office"] else f"{other['office_kind']} office"
    contact = other["contact"]
    call = " ".join((contact["title"], contact["phone"], contact["email"])) if contact else ""
    place = f"{office} ({other['state']})"
    return "\t".join((case["external_id"], overlap["band"], place, call, why))


def print_summary(summary: "Summary", *, dry_run: bool) -> None:
    """Print what a push did."""
    report = summary.report()
    if dry_run:
        print("Dry run: nothing was sent.")
    else:
        print(
            f"{report['cases']} cases: {report['created']} created, {report['updated']} updated,"
            f" {report['unchanged']} unchanged, {report['refused']} refused"
        )
        print(
            f"{report['tokens']} tokens, {report['overlaps']} overlaps,"
            f" {report['seconds']} s ({report['cases_per_second']} cases/s)"
        )
    print(f"{report['rows_rejected']} rows rejected, {report['fields_left_out']} fields left out")
    if report["rejects"]:
        print(f"See {report['rejects']} for lines, columns and what to do.")


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of nested objects with their dotted names, but for those that are none."""
    for name, each in value.items():
        if each is None:
            continue
        if isinstance(each, dict):
            yield from flat(each, f"{prefix}{name}.")
        else:
            text = ", ".join(map(str, each)) if isinstance(each, list) else str(each)
            yield prefix + name, text
