"""Figures as files for other programs: comma-separated, or a workbook. Pure."""

import csv
from io import BytesIO, StringIO
from typing import Final

from app.insights.measures import MEASURES
from app.insights.schemas import InsightRead, InsightRowRead

HIDDEN: Final = "hidden"
"""Stands for a number that is not told; an empty cell would pass for none."""
_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")

Table = list[list[str | int]]


def table(insight: InsightRead) -> Table:
    """Return figures as rows: a heading, the places or months, and the whole state last."""
    by = "County" if insight.by == "county" else "Month"
    heading: list[str | int] = [by, "Code", *(each.meaning for each in insight.categories), "All"]
    return [heading, *(_row(row) for row in (*insight.rows, insight.overall))]


def _row(row: InsightRowRead) -> list[str | int]:
    counts = (*row.counts, row.total)
    return [row.name, row.place, *(HIDDEN if each is None else each for each in counts)]


def about(insight: InsightRead) -> list[str]:
    """Return what a reader of the file must know, a line each."""
    counted = (
        "Counted are cases, but for silent ones."
        if insight.unit == "cases"
        else "Counted are sides of overlaps, two of each overlap within the state, but for silent "
        "cases."
    )
    day = insight.made_on.isoformat() if insight.made_on else "not counted yet"
    return [
        f"{MEASURES[insight.measure].title}, {insight.state}, as of {day}",
        counted,
        f"Numbers are rounded to a multiple of {insight.step}, so rows do not add up exactly.",
        f"{HIDDEN}: less than {insight.least}, or it would let somebody find a number that is.",
    ]


def text_cell(value: str | int) -> str | int:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_BEGINS_FORMULA) else value


def to_csv(insight: InsightRead) -> bytes:
    """Return the figures as CSV (RFC 4180), UTF-8 with the mark that spreadsheets look for."""
    text = StringIO()
    csv.writer(text).writerows([text_cell(cell) for cell in row] for row in table(insight))
    return text.getvalue().encode("utf-8-sig")


def to_xlsx(insight: InsightRead) -> bytes:
    """Return the figures as a workbook (ISO/IEC 29500): the table, and a sheet that explains it."""
    from xlsxwriter import Workbook  # noqa: PLC0415 -- 3 MB that only who exports needs

    file = BytesIO()
    with Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("Figures")
        for number, row in enumerate(table(insight)):
            sheet.write_row(number, 0, row, bold if number == 0 else None)
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, 0, 24)
        sheet.set_column(2, 2 + len(insight.categories), 14)
        notes = book.add_worksheet("About")
        notes.set_column(0, 0, 90)
        notes.write_column(0, 0, about(insight))
    return file.getvalue()
