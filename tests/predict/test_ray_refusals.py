"""What keeps a call on Ray from predicting is told in a line, and no file is blamed."""

from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image
from stub_ray import Here, written
from tiny_predictor import TinyOpener

from harmlib.analysis.policy_file import PolicyError
from harmlib.cli import predict as cli_predict
from harmlib.cli.options import parser
from harmlib.features.processors import NoSuchProcessor
from harmlib.features.weights import WeightsError
from harmlib.models.explanation import Explanation
from harmlib.predict import prediction, ray_stream
from harmlib.predict.ray_stages import FolderUnseen

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="the extra ray isn't installed")


@pytest.fixture(autouse=True)
def _no_explanation(monkeypatch):
    monkeypatch.setattr(prediction, "explain", lambda *_: Explanation({}, []))


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    for i in range(3):
        Image.new("RGB", (64, 48), (80 * i, 100, 100)).save(folder / f"{i}.png")
    return sorted(folder.iterdir())


def hide(monkeypatch, *paths):
    """Let these be elsewhere as long as nodes prepare."""
    real = ray_stream.computed_on_ray

    def computed_on_ray(tables, prepare, *others):
        def without(table, *args):
            for path in paths:
                path.rename(f"{path}-hidden")
            try:
                return list(prepare(table, *args))
            finally:
                for path in paths:
                    Path(f"{path}-hidden").rename(path)

        return real(tables, without, *others)

    monkeypatch.setattr(ray_stream, "computed_on_ray", computed_on_ray)


def test_files_that_a_node_does_not_see_are_not_called_unusable(tmp_path, images, monkeypatch):
    here = Here(monkeypatch)
    hide(monkeypatch, images[0].parent)
    with pytest.raises(FolderUnseen, match="a node of the cluster has no such file, and this") as e:
        here.written(tmp_path / "ray", images)
    assert str(images[0]) in str(e.value)
    assert not (tmp_path / "ray/part-00000.ledger.csv").exists()


def test_a_file_that_is_gone_is_a_row(tmp_path, images, monkeypatch):
    here = Here(monkeypatch)
    images[1].unlink()
    _, expected = written(tmp_path / "local", files=images[1:2])
    done, content = here.written(tmp_path / "ray", images[1:2])
    assert (done.unusable, content) == (1, expected)
    hide(monkeypatch, images[0])  # as a folder shared by nodes shows a new file late
    done, _ = here.written(tmp_path / "some", [images[0], images[2]])
    assert (done.predicted, done.unusable) == (1, 1)


@pytest.mark.parametrize("device", ["cdua", "cuda:1", "mps"])
def test_a_device_that_ray_cannot_give_is_refused_before_it_starts(device, monkeypatch):
    monkeypatch.setattr(ray_stream, "joined_cluster", pytest.fail)
    with (
        pytest.raises(NoSuchProcessor, match=f"device '{device}': on Ray use one of auto, cpu, c"),
        ray_stream.ray_stream(TinyOpener(device=device)),
    ):
        pass


def run(tmp_path, monkeypatch, device="auto"):
    class Opener:
        def open(self, **_):
            return []

    Opener.device = device
    monkeypatch.setattr(cli_predict, "_opener", lambda _: Opener())
    arguments = ["predict", "m.pth", str(tmp_path), "--engine", "ray", "--out", f"{tmp_path}/o/"]
    return cli_predict.run_predict(parser().parse_args(arguments))


@pytest.mark.parametrize("kind", [NoSuchProcessor, PolicyError, FolderUnseen, WeightsError])
def test_the_command_tells_it_in_a_line(tmp_path, capsys, monkeypatch, kind):
    @contextmanager
    def refused(*_):
        raise kind("why it can't")
        yield

    monkeypatch.setattr(cli_predict, "_stream", refused)
    assert run(tmp_path, monkeypatch) == 2
    assert capsys.readouterr().err.endswith("harmlib: why it can't\n")


def test_the_command_refuses_a_device_that_is_none(tmp_path, capsys, monkeypatch):
    assert run(tmp_path, monkeypatch, "cdua") == 2
    assert "harmlib: device 'cdua': on Ray use one of" in capsys.readouterr().err


def test_the_command_tells_that_no_node_has_a_gpu(tmp_path, capsys, monkeypatch):
    Here(monkeypatch)
    assert run(tmp_path, monkeypatch, "cuda") == 2
    assert "harmlib: the Ray cluster has no GPU free" in capsys.readouterr().err
