"""The explorer's state in the page's address."""

import pytest
from explorer_page import part, shown


@pytest.fixture
def page(browser, two_explorers):
    """page(hash): a tab that was opened with it; errors fail the test."""
    tabs, problems = [], []

    def visit(address=""):
        tab = browser.new_page()
        tabs.append(tab)
        tab.on("pageerror", lambda e: problems.append(str(e)))
        tab.goto(two_explorers.as_uri() + address)
        return tab

    yield visit
    for tab in tabs:
        tab.close()
    assert not problems


def settled(tab, before):
    """The address once it changed."""
    tab.wait_for_function("before => location.hash !== before", arg=before)
    return tab.evaluate("location.hash")


def test_a_link_opens_what_was_shown(page):
    tab = page()
    assert tab.evaluate("location.hash") == "", "nothing was done yet"
    part(tab, "model").select_option("ties")
    part(tab, "prevalence").fill("2.5")
    part(tab, "day").fill("777")
    part(tab, "alarm").fill("33.5")
    part(tab, "goal").select_option("precision@recall>=")
    part(tab, "limit").fill("0.9")
    part(tab, "number").fill("0.431")
    link = settled(tab, "")
    assert link.startswith("#explorer:section=video&model=ties&epoch=1&threshold=0.431&")
    again = page(link)
    left, right = shown(tab), shown(again)
    for text in (left, right):
        del text["announced"], text["body"]  # the second holds the first
    assert right == left
    assert (left["limit"], left["prevalence"]) == ("0.9", "2.5")
    assert shown(again, which=1) == shown(page(), which=1), "the other explorer is as it opens"
    assert again.evaluate("history.length") == 2, "the link itself, and nothing behind it"


def test_dragging_adds_nothing_to_the_history(page):
    tab = page()
    before = tab.evaluate("history.length")
    address = ""
    for threshold in ("0.1", "0.2", "0.3"):
        part(tab, "number").fill(threshold)
        address = settled(tab, address)
        assert f"threshold={threshold}00" in address
    assert tab.evaluate("history.length") == before


def test_two_explorers_have_addresses_of_their_own(page):
    tab = page()
    part(tab, "number", which=1).fill("0.7")
    link = settled(tab, "")
    assert link.startswith("#explorer2:")
    again = page(link)
    assert shown(again, which=1)["number"] == "0.700"
    assert shown(again)["number"] == "0.550"
    assert again.evaluate("scrollY") > 100, "what the link is about is in view"


def test_another_link_on_the_open_page_is_followed(page):
    tab = page()
    part(tab, "number").fill("0.2")
    link = settled(tab, "")
    tab.evaluate("link => { location.hash = link; }", link.replace("0.200", "0.600"))
    tab.wait_for_function("document.querySelector('[data-part=number]').value === '0.600'")
    tab.evaluate("location.hash = '#report'")
    assert shown(tab)["number"] == "0.600", "a section's address is none of the explorer's"


GOOD = (
    "section=video&model=ties&epoch=1&threshold=0.431&goal=recall%40flagged%3C%3D&limit=0.2"
    "&prevalence=3&day=10&miss=2&alarm=1&review=0"
)


@pytest.mark.parametrize(
    ("part_of_it", "instead"),
    [
        ("model=ties", "model=gone"),
        ("section=video", "section=%00"),
        ("epoch=1", "epoch=9"),
        ("threshold=0.431", "threshold=1.5"),
        ("threshold=0.431", "threshold="),
        ("goal=recall%40flagged%3C%3D", "goal=constructor"),
        ("limit=0.2", "limit=NaN"),
        ("&limit=0.2", ""),
        ("prevalence=3", "prevalence=100"),
        ("day=10", "day=Infinity"),
        ("miss=2", "miss=<script>alert(1)</script>"),
        (GOOD, ""),
    ],
)
def test_a_bad_address_is_ignored_and_said(page, part_of_it, instead):
    assert part_of_it in GOOD
    tab = page("#explorer:" + GOOD.replace(part_of_it, instead))
    assert part(tab, "notice").inner_text().startswith("주소에 적힌 상태가 이 페이지에 없어")
    part(tab, "notice").evaluate("e => { e.textContent = ''; }")
    assert shown(tab) == shown(page())


def test_the_good_address_of_the_test_above_is_good(page):
    tab = page("#explorer:" + GOOD)
    text = shown(tab)
    assert (text["model"], text["number"], text["limit"], text["day"]) == (
        *("ties", "0.431", "0.2", "10"),
    )
    assert text["notice"] == ""
