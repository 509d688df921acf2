"""Pages in the `browser` of the tests, watched for what may never happen there."""

from collections.abc import Iterator
from contextlib import contextmanager

LOCAL = ("file:", "data:", "blob:")


def watch(tab) -> list[str]:
    """What the console says, what goes wrong and what is asked of any host, from now on."""
    problems = []
    tab.on("console", lambda m: problems.append(m.text))
    tab.on("pageerror", lambda e: problems.append(str(e)))
    tab.on("request", lambda r: None if r.url.startswith(LOCAL) else problems.append(r.url))
    return problems


@contextmanager
def open_page(browser, url: str, **options) -> Iterator:
    """A tab with `url` and a context of its own; on leaving, what `watch` saw fails the test."""
    tab = browser.new_page(**options)
    try:
        problems = watch(tab)
        tab.goto(url)
        yield tab
    finally:
        tab.close()
    assert not problems
