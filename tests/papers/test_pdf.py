"""Papers, read back from the PDF."""

from app.papers.pdf import Section, print_paper
from tests.papers.tagged import check_tagged


class TestPrintPaper:
    async def test_prints_each_line_in_its_order(self) -> None:
        sections = [Section("Team", ["Zoë Łoś", "", "#strike[x] $y$"]), Section("Lead", ["§ 1"])]
        text = check_tagged(await print_paper("Who", sections), "Who")
        assert text.splitlines() == [
            *("Who", "Team", "Zoë Łoś", "#strike[x] $y$", "Lead", "§ 1", "1 of 1"),
        ]  # fmt: skip

    async def test_prints_by_number_what_its_fonts_lack(self) -> None:
        lines = ["李 Wei", "Zoë", "Иван", "😀"]
        text = check_tagged(await print_paper("Who", [Section("Team", lines)]), "Who")
        assert text.splitlines()[2:-1] == ["[U+674E] Wei", "Zoë", "Иван", "[U+1F600]"]
        rare = "Zoë \N{CYRILLIC CAPITAL LETTER KOMI DE}"
        text = check_tagged(await print_paper("Who", [Section("Team", [rare])]), "Who")
        assert "Zo[U+00EB] [U+0500]" in text
