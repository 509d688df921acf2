"""The errors of a line on request, below the widgets of 05_explore."""

import pytest
from bs4 import BeautifulSoup
from lab_scores import make_points, text, validation
from PIL import Image

from harmlib.analysis.misclassified import instructive_errors
from harmlib.reporting.lab import threshold_lab as lab
from harmlib.reporting.lab.threshold_lab import Explorer


@pytest.fixture
def media(scored, tmp_path):
    """An image for every item but one kind that is gone and one that is damaged."""
    items = scored[["item_id"]].drop_duplicates().assign(modality="image")
    items["path"] = [str(tmp_path / f"{i}.jpg") for i in range(len(items))]
    for path in items["path"]:
        Image.new("RGB", (64, 48), (200, 30, 30)).save(path)
    return items


def gallery_of(explorer):
    (output,) = explorer.gallery.outputs
    return BeautifulSoup(output["data"]["text/html"], "html.parser")


def test_the_gallery_comes_on_request_for_the_line(scored, media):
    explorer = Explorer(scored, make_points(scored), media)
    assert explorer.gallery.outputs == ()
    explorer.look.click()
    expected = instructive_errors(validation(scored, explorer), explorer.line)
    page = gallery_of(explorer)
    assert len(page.find_all("figure")) == len(expected) == 12
    assert len(page.find_all("button", attrs={"aria-pressed": "false"})) == 12, "all are veiled"
    assert f"Model 4, epoch {explorer.epoch.value}, threshold 0.4500" in page.h4.text
    assert all(item_id in page.text for item_id in expected["item_id"])
    assert text(explorer.note) == ""
    explorer.slider.value = 0.6
    assert "바꾸기 전의 선" in text(explorer.note)
    explorer.slider.value = 0.45
    assert text(explorer.note) == "", "back where the gallery was made"
    explorer.slider.value = 0.6
    assert "threshold 0.4500" in gallery_of(explorer).h4.text, "it waits for the button"
    explorer.look.click()
    assert text(explorer.note) == ""
    assert "threshold 0.6000" in gallery_of(explorer).h4.text


def test_another_epoch_makes_the_gallery_old(scored, media):
    explorer = Explorer(scored, make_points(scored), media)
    explorer.look.click()
    explorer.epoch.value = 1
    assert "바꾸기 전의 선" in text(explorer.note)


def test_pictures_are_read_once_and_only_those_shown(scored, media, monkeypatch):
    read = []
    monkeypatch.setattr(lab, "thumbnail", lambda path, kind: read.append(str(path)))
    explorer = Explorer(scored, make_points(scored), media)
    explorer.slider.value = 0.5
    assert read == []
    explorer.look.click()
    explorer.look.click()
    shown = instructive_errors(validation(scored, explorer), 0.5)["item_id"]
    assert sorted(read) == sorted(media.set_index("item_id").loc[shown, "path"])


def test_a_lost_or_damaged_file_leaves_a_gap_not_an_error(scored, media):
    explorer = Explorer(scored, make_points(scored), media)
    errors = instructive_errors(validation(scored, explorer), explorer.line)
    paths = media.set_index("item_id")["path"]
    gone, damaged = errors["item_id"].iloc[:2]
    (lab.Path(paths[gone])).unlink()
    (lab.Path(paths[damaged])).write_bytes(b"not a picture")
    explorer.look.click()
    assert len(gallery_of(explorer).find_all("button", attrs={"aria-pressed": "false"})) == 10
    assert explorer.problem.value == ""


def test_pictures_can_be_left_out(explorer):
    explorer.look.click()
    page = gallery_of(explorer)
    assert not page.find_all("img")
    assert len(page.find_all("figure")) == 12
