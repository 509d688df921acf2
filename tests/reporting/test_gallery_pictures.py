import io

import numpy as np
import pytest
from PIL import Image

from harmlib.reporting.page import gallery_pictures as of_gallery
from harmlib.reporting.page.gallery_pictures import gallery_pictures


@pytest.fixture
def noise(tmp_path):
    """noise(n): n pictures that are as heavy as pictures get."""

    def make(n):
        rng = np.random.default_rng(0)
        paths = {str(i): tmp_path / f"{i}.png" for i in range(n)}
        for path in paths.values():
            Image.fromarray(rng.integers(0, 256, (480, 640, 3), np.uint8)).save(path)
        return paths

    return make


def test_pictures_are_large_enough_to_open(noise):
    (jpeg,) = gallery_pictures(noise(1), "image").values()
    assert Image.open(io.BytesIO(jpeg)).size == (320, 240)
    assert 12_000 < len(jpeg) <= of_gallery.MAX_BYTES["image"]


def test_the_more_there_are_the_less_each_may_weigh(noise, monkeypatch):
    monkeypatch.setattr(of_gallery, "BUDGET_BYTES", 40_000)
    drawn = gallery_pictures(noise(4), "image")
    assert len(drawn) == 4
    assert max(map(len, drawn.values())) <= 10_000
