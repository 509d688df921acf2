"""Debian's Chromium for the tests of pages; without one they skip and say so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LOCAL = ("file:", "data:", "blob:")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (apt install chromium)"
)


@contextmanager
def open_page(url: str, **options) -> Iterator:
    """A tab with `url`; on leaving, console errors and requests to anywhere fail the test."""
    from playwright.sync_api import sync_playwright

    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
        )
        tab = browser.new_page(**options)
        tab.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        tab.on("pageerror", lambda e: problems.append(str(e)))
        tab.on("request", lambda r: None if r.url.startswith(LOCAL) else problems.append(r.url))
        tab.goto(url)
        yield tab
        browser.close()
    assert not problems
