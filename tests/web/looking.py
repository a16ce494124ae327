"""Looking at pages: what axe finds, what a phone would cut off, and which of them were seen."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page

from tests.web.places import SENT, place_of

AXE: Final = Path(__file__).parents[2] / "app/web/assets/node_modules/axe-core/axe.min.js"
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL_RULES: Final = {"type": "tag", "values": TAGS}
_ON_A_PHONE: Final = {"type": "rule", "values": ["target-size", "color-contrast"]}
"""What a narrow page can break that a wide one keeps."""
DESK, PHONE, SMALLEST = 1280, 390, 320
"""Widths in pixels: axe reads at the first; at the others nothing may scroll sideways.

The last is what is left of the first at 400 percent (WCAG 2.2, 1.4.10).
"""
_DENIED: Final = {403, 404}

OPEN_ALL: Final = "document.querySelectorAll('details').forEach((each) => each.open = true)"
_CHECK: Final = """async ([runOnly, known]) => {
  const options = {runOnly, resultTypes: ["violations"]};
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
_SPACE: Final = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important } p { margin-bottom: 2em !important }`);
  document.adoptedStyleSheets = [sheet];
  const cut = [...document.querySelectorAll("main :not(.usa-sr-only)")].filter((each) =>
    getComputedStyle(each).overflowY === "hidden" && each.scrollHeight > each.clientHeight + 1);
  const found = [document.documentElement.scrollWidth, cut.map((each) => each.outerHTML)];
  document.adoptedStyleSheets = [];
  return found;
}"""
"""How wide the page is with the spaces of WCAG 2.2, 1.4.12, and what of it is cut off then."""
_FOCUS: Final = """() => {
  const part = (value) =>
    value <= 10 ? value / 3295 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([red, green, blue]) =>
    0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue) + 0.05;
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let each = element.parentElement; each; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3]) return light(colour);
    }
    return light([255, 255, 255]);
  };
  const isPicked = ({type}) => type === "radio" || type === "checkbox";
  const ring = (element) => {
    const label = isPicked(element) && element.nextElementSibling;
    const styles = [getComputedStyle(element)];
    if (label) styles.push(getComputedStyle(label), getComputedStyle(label, "::before"));
    return styles.find((each) => each.outlineStyle !== "none" && parseFloat(each.outlineWidth));
  };
  const isHidden = (element) => {
    const seen = isPicked(element) ? element.labels[0] : element;
    const isThere = ([x, y]) => {
      const top = document.elementFromPoint(x, y);
      return top && (seen.contains(top) || top.contains(seen));
    };
    return ![...seen.getClientRects()].some(({left, right, top, bottom}) =>
      [[left + 2, top + 2], [(left + right) / 2, (top + bottom) / 2], [right - 2, bottom - 2]]
        .some(isThere));
  };
  const stops = [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((each) => !each.disabled && each.checkVisibility() && each.type !== "hidden")
    .filter((each) => each.tabIndex >= 0);
  const found = [];
  for (const each of [...stops, ...stops.toReversed()]) {
    each.focus({focusVisible: true});
    const name = each.outerHTML.slice(0, 120);
    const style = ring(each);
    if (!style) found.push(`no focus to see: ${name}`);
    else if (style.outlineStyle !== "auto") {  // that is the browser's own
      const [one, other] = [light(numbers(style.outlineColor)), ground(each)];
      if (Math.max(one, other) / Math.min(one, other) < 3) found.push(`pale focus: ${name}`);
    }
    if (isHidden(each)) found.push(`focus behind something: ${name}`);
  }
  document.activeElement.blur();
  scrollTo(0, 0);
  return [...new Set(found)];
}"""
"""What is wrong with the focus as Tab goes through, there and back (WCAG 2.2, 2.4.7, 2.4.11)."""
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
        page.emulate_media(reduced_motion="reduce")  # what moves is not where it will be
        page.evaluate(OPEN_ALL)
        self._read(page, known)
        self.found += [f"{page.url}: {each}" for each in page.evaluate(_FOCUS)]
        for width in (PHONE, SMALLEST):
            page.set_viewport_size({"width": width, "height": 844})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                self.found.append(f"{page.url}: {wide} wide at {width}")
        wide, cut = page.evaluate(_SPACE)
        if wide > SMALLEST or cut:
            self.found.append(f"{page.url}: {wide} wide with spaces, cut off: {cut}")
        self._read(page, known, _ON_A_PHONE)
        page.set_viewport_size({"width": DESK, "height": 900})

    def look_at_dialogs(self, page: Page) -> None:
        """Note what is wrong with the dialogs that each page has, each while it is open."""
        for dialog in page.locator("dialog").all():
            dialog.evaluate("dialog => dialog.showModal()")
            self._read(page)
            dialog.evaluate("dialog => dialog.close()")

    def _read(
        self, page: Page, known: list[int] | None = None, only: dict[str, Any] = ALL_RULES
    ) -> None:
        """Let axe read the page, but for the known parts of its body."""
        page.evaluate(AXE.read_text())
        violations: list[dict[str, Any]] = page.evaluate(_CHECK, [only, known or []])
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
