from typing import Any, Final

_ROW: Final = {"place": "06019", "name": "Fresno", "total": 20, "counts": [15, None, None, 0]}
_STATE: Final = {"place": "all", "name": "Whole state", "total": 60, "counts": [35, 15, 5, 5]}
_CATEGORIES: Final = [
    {"code": "labor", "meaning": "Labor trafficking"},
    {"code": "sex", "meaning": "Sex trafficking"},
    {"code": "both", "meaning": "Sex and labor trafficking"},
    {"code": "undetermined", "meaning": "Not yet determined"},
]

EXAMPLES: Final[dict[str, Any]] = {
    "InsightRead": {
        "measure": "trafficking",
        "by": "county",
        "unit": "cases",
        "state": "CA",
        "made_on": "2026-03-01",
        "least": 5,
        "step": 5,
        "categories": _CATEGORIES,
        "overall": _STATE,
        "rows": [_ROW],
    },
    "InsightRowRead": _ROW,
    "CategoryRead": _CATEGORIES[0],
    "export_insight_as_csv": "County,Code,Labor trafficking,All\r\nFresno,06019,15,20\r\n",
    "export_insight_as_xlsx": "PK",
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
