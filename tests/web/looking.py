"""Looking at pages: what axe finds, what a phone would cut off, and which of them were seen."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page

from tests.web.places import SENT, place_of

AXE: Final = Path(__file__).parents[2] / "app/web/assets/node_modules/axe-core/axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE = 1280, 390
"""Widths in pixels: axe reads at the first; at the second nothing may scroll sideways."""
_DENIED: Final = {403, 404}

OPEN_ALL: Final = "document.querySelectorAll('details').forEach((each) => each.open = true)"
_CHECK: Final = """async ([rules, known]) => {
  const options = {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]};
  const exclude = known.map((place) => document.body.children[place]);
  const {violations} = await axe.run({include: document, exclude}, options);
  return violations;
}"""
_SHAPES: Final = """() => {
  const shape = (element) => {
    const names = [...element.attributes].map(({name}) => name).sort();
    const said = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const parts = element.tagName === "svg" ? [] : [...element.children].map(shape);
    const own = `${element.tagName}.${element.className}.${element.type ?? ""}[${names}]${said}`;
    return `${own}(${[...new Set(parts)].join("")})`;
  };
  return [shape(document.querySelector("main")), [...document.body.children].map(shape)];
}"""
"""Of the page, and of each part of its body: equal where only words and numbers of rows differ."""
_LINKS: Final = """() => [...document.querySelectorAll("a[href^='/']")]
  .map((link) => link.getAttribute("href"))"""
_FORMS: Final = """() => [...document.forms].map((form, place) => ({
  place,
  path: new URL(form.action).pathname,
  isAsking: form.method === "post" && !form.dataset.module && form.querySelector("[required]"),
}))"""
_SEND_EMPTY: Final = """(place) => {
  const form = document.forms[place];
  form.noValidate = true;
  for (const each of form.elements) {
    if (["radio", "checkbox"].includes(each.type)) each.checked = false;
    else if (!["hidden", "submit", "button"].includes(each.type)) each.value = "";
  }
  form.requestSubmit([...form.querySelectorAll("button[type=submit]")].at(-1));
}"""


@dataclass
class Looker:
    """Looks at pages and remembers them; of pages, and parts, of one shape axe reads the first."""

    found: list[str] = field(default_factory=list)
    """What is wrong, a line each."""
    seen: dict[str, str] = field(default_factory=dict)
    """Routes that were shown, each with an address of it."""
    refused: set[str] = field(default_factory=set)
    """Routes that were denied to somebody who was signed in."""
    corrected: set[str] = field(default_factory=set)
    """Routes of forms that were sent empty."""
    shapes: set[str] = field(default_factory=set)
    _forms: dict[str, tuple[str, int]] = field(default_factory=dict)

    def open(self, page: Page, address: str) -> None:
        """Go to an address and look at what it shows."""
        answer = page.goto(address)
        assert answer is not None, address
        assert answer.status < 500, address
        if answer.status not in _DENIED:
            self.seen.setdefault(place_of(page.url), page.url)
        self.look(page)

    def try_doors(self, page: Page) -> None:
        """Ask for every page that was seen, and look at one that is denied to this reader."""
        denied = [each for each in self.seen.values() if page.request.get(each).status in _DENIED]
        self.refused |= {place_of(each) for each in denied}
        self.open(page, denied[0])

    def look(self, page: Page) -> None:
        """Note what is wrong with the page as it stands."""
        shape, parts = page.evaluate(_SHAPES)
        if shape in self.shapes:
            return
        known = [place for place, part in enumerate(parts) if part in self.shapes]
        self.shapes |= {shape, *parts}
        page.evaluate(OPEN_ALL)
        self._read(page, known)
        page.set_viewport_size({"width": PHONE, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > PHONE:
            self.found.append(f"{page.url}: {wide} wide")
        page.set_viewport_size({"width": DESK, "height": 900})

    def look_at_dialogs(self, page: Page) -> None:
        """Note what is wrong with the dialogs that each page has, each while it is open."""
        for dialog in page.locator("dialog").all():
            dialog.evaluate("dialog => dialog.showModal()")
            self._read(page)
            dialog.evaluate("dialog => dialog.close()")

    def _read(self, page: Page, known: list[int] | None = None) -> None:
        """Let axe read the page, but for the known parts of its body."""
        page.evaluate(AXE.read_text())
        violations: list[dict[str, Any]] = page.evaluate(_CHECK, [RULES, known or []])
        self.found += [
            f"{page.url}: {each['id']} {node['target']} {node.get('failureSummary', '')}"
            for each in violations
            for node in each["nodes"]
        ]

    def walk(self, page: Page, start: str) -> None:
        """Follow the links of pages from one on, one for each route and its parameters."""
        home = "{0.scheme}://{0.netloc}".format(urlsplit(start))
        waiting, taken = [start], set[tuple[str, ...]]()
        while waiting:
            address = waiting.pop(0)
            self.open(page, address)
            for form in page.evaluate(_FORMS):
                if form["isAsking"]:
                    target = place_of(form["path"], SENT)
                    self._forms.setdefault(target, (page.url, form["place"]))
            for link in page.evaluate(_LINKS):
                route, query = place_of(link), parse_qsl(urlsplit(link).query)
                kind = (route, *(name for name, _ in query))
                if route and kind not in taken:
                    taken.add(kind)
                    waiting.append(home + link)

    def send_empty(self, page: Page) -> None:
        """Send each form that was met and asks for something, with nothing in it."""
        for target, (address, place) in self._forms.items():
            if target in self.corrected:
                continue
            page.goto(address)
            with page.expect_navigation():
                page.evaluate(_SEND_EMPTY, place)
            self.corrected.add(target)
            self.look(page)
