"""Addresses of files beyond this machine (``s3://``, ``gs://``): told from paths, shown, opened.

Which file systems there are, fsspec knows. Credentials come from where each of them looks for
them, as the environment or its own configuration. An address holds none: it is written into
tables, logs and pages.
"""

from harmlib.address.systems import FULL, Unreachable, asking, listed_as, look_up, open_system, why
from harmlib.address.text import (
    Address,
    AddressError,
    Listed,
    address,
    has_credentials,
    is_address,
    local_text,
    located,
    place,
    without_secrets,
)

__all__ = [
    "FULL",
    "Address",
    "AddressError",
    "Listed",
    "Unreachable",
    "address",
    "asking",
    "has_credentials",
    "is_address",
    "listed_as",
    "local_text",
    "located",
    "look_up",
    "open_system",
    "place",
    "why",
    "without_secrets",
]
