"""Writes app/identifiers/data/phone-plans-v1.json: what reading a phone number needs to know.

python -m tests.identifiers.make_phone_plans

It is the part of the metadata of the package `phonenumbers` that decides the text of a number, not
whether the number is assigned. Other implementations read it, so that they follow the same plans.
"""

import json
from pathlib import Path
from typing import Any, Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata

TARGET: Final = Path(__file__).parents[2] / "app/identifiers/data/phone-plans-v1.json"
NO_REGION: Final = "001"
"""What the metadata calls the region of a code that belongs to no country, such as +800."""


def plan(metadata: PhoneMetadata) -> dict[str, Any]:
    """Return one numbering plan; regular expressions are of the common kind, over ASCII digits."""
    general = metadata.general_desc
    assert general is not None
    parts = {
        "code": metadata.country_code,
        "abroad": metadata.international_prefix,
        "trunk": metadata.national_prefix_for_parsing,
        "transform": metadata.national_prefix_transform_rule,
        "general": general.national_number_pattern,
        "lengths": general.possible_length,
        "local": general.possible_length_local_only,
    }
    return {name: value for name, value in parts.items() if value}


def build() -> bytes:
    """Return the whole file: plans by region or code, and the plan that speaks for each code."""
    plans: dict[str, PhoneMetadata | None] = {
        region: PhoneMetadata.metadata_for_region(region) for region in SUPPORTED_REGIONS
    }
    codes = {}
    for code, (main, *_) in COUNTRY_CODE_TO_REGION_CODE.items():
        codes[str(code)] = str(code) if main == NO_REGION else main
        if main == NO_REGION:
            plans[str(code)] = PhoneMetadata.metadata_for_nongeo_region(code)
    lines = ",\n".join(
        f"  {json.dumps(region)}: {json.dumps(plan(metadata), separators=(',', ':'))}"
        for region, metadata in sorted(plans.items())
        if metadata is not None
    )
    return f'{{"codes": {json.dumps(codes)},\n"plans": {{\n{lines}\n}}}}\n'.encode()


if __name__ == "__main__":
    TARGET.write_bytes(build())
