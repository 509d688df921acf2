"""Reads a finished report as a sceptic: every digit of its prose must stand in a table."""

import re
from pathlib import Path

import pandas as pd
from bs4 import BeautifulSoup

NUMBER = re.compile(r"[+−-]?\d[\d,]*(?:\.\d+)?%?")
# Digits in names are no figures: F1, Model 4, HL001 (a finding), a date, a commit, 04_study, a
# heading's number, also where it is referred to, `:1` of a ratio, 0 as "nothing", a folder.
NAMES = re.compile(
    r"HL\d{3}|\d{4}-\d\d-\d\d|F[12](?!\d)|[Mm]odel ?\d+|sha256|^\d+(\.\d+)*\.?\s|\d+(\.\d+)*(?=절)"
    r"|(?<=§):1(?!\d)|\b0(?=[에을보의과건])|\b[0-9a-f]{40}\b|\b0\d_[a-z]+|(?<=데이터 )[/~.]\S*"
)


def uncited_numbers(page: Path) -> list[str]:
    """What is wrong with the numbers in the prose of a run's `index.html`; empty if nothing is."""
    run = page.parent
    main = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("main")
    drawn = [image for image in main.select("svg.drawing") if image.find_parent(class_=OWN) is None]
    alts = [image["aria-label"] for image in drawn]
    for element in main.find_all(["table", "script", "style", "template", "pre", "a", "noscript"]):
        element.decompose()
    for element in main.find_all(class_=OWN):
        element.decompose()
    problems = []
    for element in main.find_all("data"):
        problems += _miscited(element, run)
        element.replace_with("§")
    manifest = pd.read_parquet(run / "manifest.parquet")
    named = {*manifest["item_id"], *manifest["group"]}
    for table in run.glob("tables/slices_*.csv"):
        known = pd.read_csv(table)
        named |= {str(v).replace(" to ", "~") for v in known.get("value", [])}
    items = sorted(named, key=len, reverse=True)
    names = re.compile("|".join([NAMES.pattern, *map(re.escape, items)]))
    constants = pd.read_csv(run / "tables/constants.csv")["value"].tolist()
    blocks = ["p", "li", "figcaption", "h1", "h2", "h3", "h4", "code"]
    for block in [*main.find_all(blocks), *main.select(".brief")]:
        text = names.sub("", block.get_text())
        problems += [
            f"{token!r} in {block.get_text().strip()[:80]!r} is in no table"
            for token in NUMBER.findall(text)
            if not any(_is(token, value) for value in constants)
        ]
    known = _every_number(run)
    for alt in alts:
        problems += [
            f"{token!r} in the alt text {alt[:80]!r} is in no table"
            for token in NUMBER.findall(names.sub("", alt))
            if not any(_shows(token, value) for value in known)
        ]
    return problems


def wrong_particles(page: Path) -> list[str]:
    """Particles that don't fit the number before them, as it is read aloud."""
    main = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("main")
    for element in main.find_all(["table", "script", "style", "template"]):
        element.decompose()
    blocks = [*main.find_all(["p", "li", "figcaption"]), *main.select(".brief")]
    text = " ".join(block.get_text() for block in blocks)
    wrong = []
    for found in re.finditer(r"(\d)(%?)\)?(은|는|이|가|을|를|과|와|으로|로)(?![가-힣])", text):
        digit, percent, particle = found.groups()
        closed = not percent and digit in "013678"  # 영 일 삼 육 칠 팔
        if particle in ("으로", "로"):
            closed = not percent and digit in "036"  # 일, 칠 and 팔 end in ㄹ
        if closed != (particle in ("은", "이", "을", "과", "으로")):
            wrong.append(text[max(0, found.start() - 30) : found.end()])
    return wrong


OWN = ["harm-explorer"]  # its numbers change in the browser, and have tests of their own


def value_of(cell: str, run: Path) -> float:
    """What a citation such as `tables/test.csv[3].f1 - tables/test.csv[0].f1` stands for."""
    total = 0.0
    for sign, part in re.findall(r"(?:(?<= )([+-]) )?(\S+)", cell):
        total += (-1 if sign == "-" else 1) * _one(part, run)
    return total


def _one(part: str, run: Path) -> float:
    if counted := re.fullmatch(r"count\(([^\[\]]+)(?:\[([\d,]*)\])?\)", part):
        table = _table(run, counted[1])
        if counted[2] is None:
            return len(table)
        rows = [int(i) for i in counted[2].split(",") if i]
        assert set(rows) <= set(table.index)
        return len(set(rows))
    name, row, column = re.fullmatch(r"(.+)\[(\d+)\]\.(\w+)", part).groups()
    return float(_table(run, name).at[int(row), column])


def _table(run: Path, name: str) -> pd.DataFrame:
    path = run / name
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def _miscited(element, run: Path) -> list[str]:
    cell, shown = element["data-cell"], element.get_text()
    try:
        value = value_of(cell, run)
    except (AssertionError, AttributeError, KeyError, OSError) as error:
        return [f"{shown!r} cites {cell}, which is nowhere: {error!r}"]
    if not _shows(shown, value) or abs(float(element["value"]) - value) > 1e-12:
        return [f"{shown!r} cites {cell}, which is {value}"]
    return []


def _is(token: str, value: float) -> bool:
    return abs(_plain(token) - value) < 1e-9


def _plain(token: str) -> float:
    number = float(token.rstrip("%").replace(",", "").replace("−", "-"))
    return number / 100 if token.endswith("%") else number


def _shows(token: str, value: float) -> bool:
    """Whether `token` is `value`, rounded to the digits that it shows."""
    places = len(token.rstrip("%").partition(".")[2]) + 2 * token.endswith("%")
    return abs(_plain(token) - value) <= 0.5 * 10**-places + 1e-9


def _every_number(run: Path) -> list[float]:
    numbers = set()
    for path in (run / "tables").glob("*.csv"):
        if path.stem in ("scores", "manifest"):
            continue
        table = pd.read_csv(path)
        for _, column in table.select_dtypes("number").items():
            numbers |= set(column.dropna())
        if {"tp", "fp"} <= set(table):  # what was called harmful
            numbers |= set(table["tp"] + table["fp"])
    return sorted(numbers)
