"""The errors at a threshold on request, below the widgets of the threshold lab."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from lab_scores import make_operating_points, text, validation
from PIL import Image

from harmlib.analysis.misclassified import instructive_errors
from harmlib.reporting.lab import pictures
from harmlib.reporting.lab.threshold_lab import ThresholdLab


@pytest.fixture
def media(scored, tmp_path):
    """An image for every item."""
    items = scored[["item_id"]].drop_duplicates().assign(modality="image")
    items["path"] = [str(tmp_path / f"{i}.jpg") for i in range(len(items))]
    for path in items["path"]:
        Image.new("RGB", (64, 48), (200, 30, 30)).save(path)
    return items


def gallery_of(lab):
    (output,) = lab.errors.gallery.outputs
    return BeautifulSoup(output["data"]["text/html"], "html.parser")


def test_the_gallery_comes_on_request_for_the_threshold(scored, media):
    lab = ThresholdLab(scored, make_operating_points(scored), media)
    assert lab.errors.gallery.outputs == ()
    lab.errors_button.click()
    expected = instructive_errors(validation(scored, lab), lab.threshold)
    page = gallery_of(lab)
    assert len(page.find_all("figure")) == len(expected) == 12
    assert len(page.select("figure .veil")) == len(page.select("figure .reveal")) == 12
    assert not page.select(".clear"), "all are veiled"
    assert f"Model 4, epoch {lab.epoch.value}, threshold 0.4500" in page.h4.text
    assert all(item_id in page.text for item_id in expected["item_id"])
    assert text(lab.errors.note) == ""
    lab.slider.value = 0.6
    assert "바꾸기 전의 threshold" in text(lab.errors.note)
    lab.slider.value = 0.45
    assert text(lab.errors.note) == "", "back where the gallery was made"
    lab.slider.value = 0.6
    assert "threshold 0.4500" in gallery_of(lab).h4.text, "it waits for the button"
    lab.errors_button.click()
    assert text(lab.errors.note) == ""
    assert "threshold 0.6000" in gallery_of(lab).h4.text


def test_another_epoch_makes_the_gallery_old(scored, media):
    lab = ThresholdLab(scored, make_operating_points(scored), media)
    lab.errors_button.click()
    lab.epoch.value = 1
    assert "바꾸기 전의 threshold" in text(lab.errors.note)


def test_pictures_are_read_once_and_only_those_shown(scored, media, monkeypatch):
    read = []
    monkeypatch.setattr(pictures, "thumbnail", lambda path, _: read.append(str(path)))
    lab = ThresholdLab(scored, make_operating_points(scored), media)
    lab.slider.value = 0.5
    assert read == []
    lab.errors_button.click()
    lab.errors_button.click()
    shown = instructive_errors(validation(scored, lab), 0.5)["item_id"]
    assert sorted(read) == sorted(media.set_index("item_id").loc[shown, "path"])


def test_a_missing_or_damaged_file_leaves_a_gap_not_an_error(scored, media):
    lab = ThresholdLab(scored, make_operating_points(scored), media)
    errors = instructive_errors(validation(scored, lab), lab.threshold)
    paths = media.set_index("item_id")["path"]
    gone, damaged = errors["item_id"].iloc[:2]
    Path(paths[gone]).unlink()
    Path(paths[damaged]).write_bytes(b"not a picture")
    lab.errors_button.click()
    assert len(gallery_of(lab).select("figure .reveal")) == 10
    assert lab.problem.value == ""


def test_pictures_can_be_left_out(lab):
    lab.errors_button.click()
    page = gallery_of(lab)
    assert not page.find_all("img")
    assert len(page.find_all("figure")) == 12
