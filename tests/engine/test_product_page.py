"""The product page in a real browser: no barrier (axe), nothing wider than the screen, at four sizes of it.

Needs Chromium, and axe-core as `make check-page` installs it; skipped, with the reason, where they are not.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "data-product" / "index.html"
AXE = ROOT / ".local" / "page" / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Frame in which the page lies, for a window of a browser cannot be made as narrow as a phone.
FRAME = """<!doctype html><title>frame</title>
<iframe id="page" src="page.html" width="{width}" height="900"></iframe>
<pre id="found"></pre><script>
addEventListener("message", event => document.getElementById("found").textContent = event.data);
</script>"""
LOOK = """<script>addEventListener("load", async () => {
  const results = await axe.run(document);
  parent.postMessage(JSON.stringify({
    violations: results.violations.map(v => ({id: v.id, places: v.nodes.map(n => n.target.join(" "))})),
    passes: results.passes.map(p => p.id),
    wider: document.documentElement.scrollWidth - innerWidth,
    cards: getComputedStyle(document.querySelector("tbody tr")).display,
    paper: getComputedStyle(document.body).backgroundColor,
  }), "*");
});</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = os.environ.get("PAYMENTS_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the PATH (PAYMENTS_BROWSER names one)")
    if not AXE.is_file():
        pytest.skip("no axe-core: `make check-page` installs it (needs npm)")
    return found


def _look(browser: str, directory: Path, page: str, width: int) -> Any:  # noqa: ANN401 - JSON
    """Return what the browser and axe find in a page that is shown at a width (CSS pixels)."""
    shutil.copy(AXE, directory / "axe.js")
    page = page.replace("</body>", f'<script src="axe.js"></script>{LOOK}</body>')
    (directory / "page.html").write_text(page, encoding="utf-8")
    (directory / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={directory / 'profile'}",
            "--virtual-time-budget=20000",
            "--window-size=1700,1000",
            "--dump-dom",
            f"file://{directory / 'frame.html'}",
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    found = re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    return json.loads(html.unescape(found[1]))


@pytest.mark.parametrize(
    ("width", "scheme", "rows"),
    [
        (1440, "light", "table-row"),
        (834, "light", "table-row"),
        (390, "light", "block"),
        (1440, "dark", "table-row"),
    ],
)
def test_the_page_has_no_barrier_at_any_size(
    browser: str, tmp_path: Path, width: int, scheme: str, rows: str
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    if scheme == "dark":
        page = page.replace("@media (prefers-color-scheme: dark)", "@media all")
    found = _look(browser, tmp_path, page, width)
    assert found["violations"] == []
    assert {"color-contrast", "heading-order", "th-has-data-cells"} <= set(found["passes"])
    assert found["wider"] <= 0
    assert found["cards"] == rows
    assert found["paper"] == ("rgb(18, 22, 27)" if scheme == "dark" else "rgb(250, 249, 246)")


def test_a_barrier_would_be_found(browser: str, tmp_path: Path) -> None:
    page = (
        PAGE.read_text(encoding="utf-8")
        .replace("--soft: #515b6b", "--soft: #c9ccd1")
        .replace('<html lang="en">', "<html>")
    )
    page = page.replace("</h1>", '</h1><p style="width: 60rem">wide</p>')
    found = _look(browser, tmp_path, page, 390)
    assert {"color-contrast", "html-has-lang"} <= {violation["id"] for violation in found["violations"]}
    assert found["wider"] > 0
