"""What a printed paper must have for screen readers, and what it says, read from the PDF itself."""

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader


def check_tagged(paper: bytes, title: str) -> str:
    """Assert that a paper is PDF/UA-1: tagged, in a language, and shown under its title.

    Returns:
        What it says, as it is read aloud.
    """
    reader = PdfReader(io.BytesIO(paper))
    catalog: Any = reader.trailer["/Root"]
    assert catalog["/Lang"] == "en"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    roles = list(_roles(catalog["/StructTreeRoot"]["/K"]))
    assert roles[:3] == ["/Document", "/H1", "/H2"]
    assert "/P" in roles
    assert {*roles[3:]} <= {"/H2", "/P"}
    described = reader.xmp_metadata
    assert described is not None
    assert described.dc_title == {"x-default": title}
    assert "<pdfuaid:part>1</pdfuaid:part>" in described.rdf_root.toxml()
    return "\n".join(page.extract_text() for page in reader.pages)


def _roles(elements: Any) -> Iterator[str]:
    """Yield the roles of a structure tree, in the order in which it is read."""
    for each in elements if isinstance(elements, list) else [elements]:
        element = each.get_object() if hasattr(each, "get_object") else each
        if isinstance(element, dict) and "/S" in element:
            yield element["/S"]
            yield from _roles(element.get("/K", []))
