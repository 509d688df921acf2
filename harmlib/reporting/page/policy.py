"""What a page may do: run the scripts of this package, and nothing that came with the data."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from harmlib.reporting.page.gallery import gallery_script
from harmlib.reporting.page.labelling import labelling_script
from harmlib.reporting.page.veiled_pictures import veiled_script

_HERE = Path(__file__).parent
_SCRIPTS = (  # of every page, one topic a file
    "tabs.js", "folds.js", "contents.js", "tables.js", "source_rows.js", "print.js",
)  # fmt: skip


def page_script() -> str:
    """Return the script of every page: those of its topics, one after the other.

    Returns
    -------
    str
        What stands between its tags.

    Examples
    --------
    >>> "</script" in page_script()
    False
    """
    return "".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)


def content_security_policy(body: str) -> str:
    """Write the Content-Security-Policy of a page, for its `meta` element.

    A script runs only if it is, letter for letter, one of this package: they are known by their
    hashes, which are taken from the package's files and never from the page. Handlers in attributes,
    `javascript:` addresses, frames, forms and requests to anywhere are off. Pictures and fonts are
    in the page itself.

    Parameters
    ----------
    body : str
        HTML of the page's main part; it tells which of the scripts may be needed.

    Returns
    -------
    str

    Examples
    --------
    >>> content_security_policy("<script>alert(1)</script>")
    "default-src 'none'; script-src 'sha256-...'; style-src 'unsafe-inline'; img-src data:; ..."
    """
    scripts = [page_script()]
    if "veiled-pictures" in body:
        scripts.append(veiled_script())
    if "error-gallery" in body:
        scripts.append(gallery_script())
    if "audit-sample" in body:
        scripts.append(labelling_script())
    if "harm-explorer" in body:
        # Only the page that has one pays for this import, and for Vega.
        from harmlib.reporting.page.threshold_explorer import explorer_script

        scripts.append(explorer_script())
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(script: str) -> str:
    # HTML reads a carriage return as a line feed, so that is what a browser hashes.
    text = script.replace("\r\n", "\n").replace("\r", "\n")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
