"""The licences of everything that is installed with this program go with AGPL-3.0."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
HOSTS = {"pypi.org", "files.pythonhosted.org", "download.pytorch.org"}
# SPDX identifiers whose works may be part of one under AGPL-3.0 (gnu.org/licenses/license-list).
GO_WITH_AGPL_3 = {
    "0BSD", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause",
    "BSL-1.0", "CC0-1.0", "GPL-3.0-or-later", "ISC", "LGPL-2.1-or-later", "LLVM-exception", "MIT",
    "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
}  # fmt: skip
# What packages without an SPDX expression write instead, in a classifier or in words.
WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mit licensed, as found in the license file": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "bsd-3-clause, apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
    "nvidia proprietary software": "LicenseRef-NVIDIA-Proprietary",
}
# Packages whose metadata name no licence, or several of which one may be chosen.
READ_IN_THEIR_FILES = {
    "axe-playwright-python": "MIT",
    "cuda-toolkit": "LicenseRef-NVIDIA-Proprietary",
    "docutils": "CC0-1.0 AND BSD-2-Clause AND PSF-2.0",  # its GPL part is an Emacs mode
    "openai-clip": "MIT",
    "pytest-timeout": "MIT",
}
# Not among `GO_WITH_AGPL_3`; none of it is part of this program or given away with it.
APART = {
    "codespell": "GPL-2.0-only",  # a program that developers run
    "regex": "CNRI-Python",  # openai-clip's tokenizer imports it; the image tower doesn't use it
    **dict.fromkeys(
        ("cuda-toolkit", "nvidia-cublas", "nvidia-cuda-cccl", "nvidia-cuda-cupti",
         "nvidia-cuda-nvrtc", "nvidia-cuda-runtime", "nvidia-cudnn-cu13", "nvidia-cufft",
         "nvidia-cufile", "nvidia-cusolver", "nvidia-cusparse", "nvidia-cusparselt-cu13",
         "nvidia-nccl-cu13", "nvidia-nvjitlink", "nvidia-nvshmem-cu13", "nvidia-nvtx",
         "nvidia-curand"),
        "LicenseRef-NVIDIA-Proprietary",  # torch's wheels for NVIDIA's GPUs ask for them
    ),
}  # fmt: skip


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def locked():
    """The names of all packages in the lock, but this one."""
    content = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return {normal(package["name"]) for package in content["package"]} - {"harmlib"}


def installed():
    """Name and metadata of each package of the lock that is installed here."""
    known = locked()
    found = {normal(d.metadata["Name"]): d.metadata for d in importlib.metadata.distributions()}
    return {name: found[name] for name in sorted(found.keys() & known)}


def licence(name, metadata):
    """The package's licence in SPDX identifiers."""
    if name in READ_IN_THEIR_FILES:
        return READ_IN_THEIR_FILES[name]
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [
        line.rsplit(" :: ", 1)[-1]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    texts = classifiers or [metadata.get("License") or ""]
    return " AND ".join(WORDS.get(text.lower(), text) for text in texts)


PACKAGES = installed()


def test_there_is_something_to_check():
    assert {"torch", "ultralytics", "openai-clip", "numpy", "pillow"} <= set(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_licence_goes_with_agpl_3(name):
    expression = licence(name, PACKAGES[name])
    named = set(re.split(r" AND | OR | WITH |[()]", expression)) - {""}
    odd = named - GO_WITH_AGPL_3 - {APART.get(name)}
    if odd and " OR " in expression:  # one that goes is enough
        odd = set() if named & GO_WITH_AGPL_3 else odd
    assert named, f"{name} names no licence: read it in its files"
    assert not odd, f"{name}: {odd}; may this go with AGPL-3.0?"


def test_the_page_lists_them():
    rows = re.findall(
        r"^\| `([^`]+)` \| ([^|]+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    listed = dict(rows)
    assert {name: licence(name, data) for name, data in PACKAGES.items()}.items() <= listed.items()
    assert set(listed) <= locked(), "the page lists what is not in the lock any more"


def test_the_lock_names_public_hosts_alone():
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")
    hosts = {host.rpartition("@")[2] for host in re.findall(r"[a-z+]+://([^/\"\s]+)", text)}
    assert "files.pythonhosted.org" in hosts
    assert hosts <= HOSTS


def test_no_other_file_of_the_package_names_a_private_index():
    for name in ("pyproject.toml", "environment.yml", "run_all.sh"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for address in re.findall(
            r"(?:index|find-links|extra-index)[-_a-z]*\W+(\S+://[^\s\"']+)", text
        ):
            assert address.split("/")[2] in HOSTS, f"{name}: {address}"
