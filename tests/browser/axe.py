"""axe-core, run on the page that a browser shows: what WCAG 2.2 A and AA and good practice forbid in our markup."""

from __future__ import annotations

from importlib.resources import files

from playwright.sync_api import Page

SOURCE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

# Off unless asked for: a name must contain the text that is seen (2.5.3), targets of 24 px or with room (2.5.8).
ALSO = ("label-content-name-mismatch", "target-size", "focus-order-semantics", "td-has-header", "table-fake-caption")

# What Streamlit draws and takes no option for, as rule -> selectors. Nothing of ours may stand here.
STREAMLITS: dict[str, tuple[str, ...]] = {
    # The drop zone is a section of role "presentation" that also carries the uploader's label; its button has a name.
    "presentation-role-conflict": ("[data-testid=stFileUploaderDropzone]",),
    # On narrow windows the groups of the navigation stand in the side bar, as divs between the list and its items.
    "list": ("[data-testid=stSidebarNavItems]",),
    "listitem": ("[data-testid=stSidebarNavItems]",),
    # A formula scrolls by itself where it is wider than its column; st.latex takes no option to make it focusable.
    "scrollable-region-focusable": (".katex-display",),
    # A block of code takes the focus, so that keys scroll it; st.code takes no option for its role.
    "focus-order-semantics": ("[data-testid=stCode]",),
}

RUN = """async ([also, streamlits]) => {
  const rules = Object.fromEntries(also.map(rule => [rule, { enabled: true }]))
  const options = { resultTypes: ["violations"], rules, elementRef: true, preload: false }
  const { violations } = await axe.run(document, options)
  const theirs = (rule, element) => (streamlits[rule] ?? []).some(selector => element?.closest(selector))
  return violations.flatMap(({ id, help, nodes }) => nodes
    .filter(node => !theirs(id, node.element))
    .map(node => [id, help, node.target.flat().at(-1), node.html.slice(0, 160),
      [...node.any, ...node.all, ...node.none].map(check => check.message).join("; ")].join(": ")))
}"""


def violations(page: Page) -> list[str]:
    """Each violation that is ours as "rule: what it wants: selector: markup: why", in shadow trees too."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE)
    found: list[str] = page.evaluate(RUN, [ALSO, STREAMLITS])
    return found
