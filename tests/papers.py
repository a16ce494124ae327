"""What a printed paper must have for screen readers, read from the PDF itself."""

import re


def check_tagged(paper: bytes, title: str) -> None:
    """Assert that a paper is PDF/UA-1: tagged, in a language, and shown under its title."""
    assert paper.startswith(b"%PDF-1.")
    found = re.search(rb"/Type/Catalog.*?endobj", paper, re.DOTALL)
    assert found is not None
    catalog = found[0]
    assert b"/Lang(en)" in catalog
    assert b"/MarkInfo<</Marked true" in catalog
    assert b"/DisplayDocTitle true" in catalog
    assert re.search(rb"/StructTreeRoot \d+ 0 R", catalog)
    for role in (b"H1", b"H2", b"P"):
        assert re.search(rb"/Type/StructElem/S/" + role, paper) or b"/S/" + role in paper, role
    described = paper.partition(b"<x:xmpmeta")[2].partition(b"</x:xmpmeta>")[0].decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in described
    assert f">{title}</rdf:li>" in described
