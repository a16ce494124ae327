"""A page driven by keys alone, as somebody without a mouse drives it."""

from typing import Final, Literal

from playwright.sync_api import Locator, Page, Response, expect

MOST_STOPS: Final = 120
"""Presses of Tab after which a page would be of no use."""
_HAS_FOCUS: Final = "element => element === document.activeElement"
_AT_THE_TOP: Final = "document.activeElement === document.body"


class Keyboard:
    """Keys and nothing else: Tab to something, then press or type."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, target: Locator, *, past_menu: bool = True) -> None:
        """Tab until the target has the focus; where a page was just opened, past its menu."""
        target.wait_for()
        if past_menu and self.page.evaluate(_AT_THE_TOP):
            self.page.keyboard.press("Tab")
            expect(self.page.get_by_role("link", name="Skip to the page")).to_be_focused()
            self.page.keyboard.press("Enter")
        for _ in range(MOST_STOPS):
            if target.evaluate(_HAS_FOCUS):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def press(self, role: Literal["button", "link"], name: str) -> Response | None:
        """Press a button, or follow a link, of this name; return what it leads to."""
        self.to(self.page.get_by_role(role, name=name, exact=True))
        return self._enter()

    def follow_menu(self, name: str) -> None:
        """Follow an entry of the menu, where a page was just opened."""
        links = self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True)
        self.to(links.first, past_menu=False)
        self._enter()

    def type(self, label: str, text: str) -> None:
        """Type into the first field of this label; in a list it chooses what begins so."""
        self.to(self.page.get_by_label(label, exact=True).first)
        self.page.keyboard.type(text)

    def open_row(self, *words: str) -> None:
        """Go down a list to the first row that has these words in it, and open it."""
        rows = self.page.locator(".j-table tbody tr")
        self.to(rows.first.locator(".j-row"))
        found = rows
        for each in words:
            found = found.filter(has_text=each)
        wanted = found.first
        for _ in range(wanted.evaluate("row => [...row.parentNode.children].indexOf(row)")):
            self.page.keyboard.press("j")
        expect(wanted.locator(".j-row")).to_be_focused()
        self._enter()

    def _enter(self) -> Response | None:
        with self.page.expect_navigation() as gone:
            self.page.keyboard.press("Enter")
        return gone.value
