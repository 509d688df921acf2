"""No file of weights runs anything: hostile ones of every format, for every loader."""

import re
import zipfile
from pathlib import Path

import pytest
import torch
from file_weights import file_weights
from hostile_files import FORMATS, Call, payloads, replace, script, zipped

from harmlib.features import yolo_file
from harmlib.features.clip import ClipBackbone
from harmlib.features.slowfast import SlowFastBackbone
from harmlib.features.tensor_file import TensorFileError, plain_tensor, read_tensors, tensors_of
from harmlib.features.weights import WeightsError
from harmlib.features.yolo import YoloBackbone, import_ultralytics
from harmlib.features.yolo_file import read_detector
from harmlib.models.checkpoint import CheckpointError, load_checkpoint
from harmlib.params import ClipParams, SlowFastParams, YoloParams

import_ultralytics()  # else its import would look for updates and write to the home folder

from ultralytics.nn import tasks  # noqa: E402
from ultralytics.nn.tasks import DetectionModel  # noqa: E402

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning"),
]


LOADERS = {
    "clip": lambda path: ClipBackbone(ClipParams(), file_weights(path)),
    "yolo": lambda path: YoloBackbone(YoloParams(image_size=64), file_weights(path)).network,
    "slowfast": lambda path: (
        SlowFastBackbone(SlowFastParams(image_size=64), file_weights(path)).network
    ),
    "checkpoint": load_checkpoint,
}
NAMES = list(payloads(Path("mark")))
# Where in a file each loader looks.
PLACES = {
    "alone": lambda call: call,
    "as the weights": lambda call: {"model": call, "model_state": call, "about": call},
    "beside them": lambda call: {"model_state": {}, "train_args": {"imgsz": [call]}},
    "as a tensor's hook": lambda call: {"model": torch.nn.Parameter(torch.ones(2)), "h": (call,)},
}


def refused(loader, path, mark):
    """The message; nothing may have left its mark."""
    with pytest.raises((WeightsError, CheckpointError)) as caught:
        LOADERS[loader](path)
    assert not mark.exists()
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_the_payloads_are_real(tmp_path, name):
    """Else the tests below would pass whatever is loaded."""
    if name in ("torch.load", "import", "torch.hub.load", "a method of what was read"):
        pytest.skip("it would leave its mark elsewhere")
    zipped(payloads(tmp_path / "mark")[name], tmp_path / "bad.pt")
    loaded = torch.load(tmp_path / "bad.pt", weights_only=False)
    if hasattr(loaded, "wait"):
        loaded.wait()
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("loader", LOADERS)
def test_what_a_file_asks_for_is_named_and_not_called(tmp_path, loader, name):
    mark, path = tmp_path / "mark", tmp_path / "bad.pt"
    zipped({"model": payloads(mark)[name]}, path)
    message = refused(loader, path, mark)
    assert re.search(r"it asks for \S+, which has no place in a file of weights", message)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("loader", LOADERS)
def test_every_format_and_place(tmp_path, loader, place, form):
    mark, path = tmp_path / "mark", tmp_path / "bad.pt"
    FORMATS[form](PLACES[place](payloads(mark)["os.system"]), path)
    refused(loader, path, mark)


def test_whatever_other_programs_have_allowed(tmp_path):
    """Torch keeps one list of what may be named, for the whole process."""
    zipped({"model": payloads(tmp_path / "mark")["eval"]}, tmp_path / "bad.pt")
    with torch.serialization.safe_globals([(eval, "builtins.eval")]):
        before = set(torch.serialization.get_safe_globals())
        message = refused("checkpoint", tmp_path / "bad.pt", tmp_path / "mark")
        assert set(torch.serialization.get_safe_globals()) == before
    assert "it asks for eval" in message


def test_a_variable_that_switches_torchs_own_protection_off(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    for loader in LOADERS:
        zipped({"model": payloads(tmp_path / "mark")["eval"]}, tmp_path / "bad.pt")
        refused(loader, tmp_path / "bad.pt", tmp_path / "mark")


class Talks(torch.nn.Module):
    """A program in a TorchScript archive that runs when torch loads it."""

    def __init__(self):
        super().__init__()
        self.weight = torch.ones(2)

    @torch.jit.export
    def __getstate__(self):
        return (self.weight, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, bool]):
        self.weight = state[0]
        self.training = state[1]
        print("the program ran")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.parametrize("loader", LOADERS)
def test_a_program_in_an_archive_does_not_run(tmp_path, capfd, loader):
    path = tmp_path / "bad.pt"
    torch.jit.script(Talks()).save(path)
    capfd.readouterr()
    torch.jit.load(path)
    assert "the program ran" in capfd.readouterr().out, "else this test shows nothing"
    refused(loader, path, tmp_path / "mark")
    assert "ran" not in capfd.readouterr().out


def test_an_archive_is_read_as_torch_reads_it(tmp_path):
    torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))).save(
        tmp_path / "a.pt"
    )
    expected = torch.jit.load(tmp_path / "a.pt").state_dict()
    found = tensors_of(read_tensors(tmp_path / "a.pt"))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


# --- a network of Ultralytics ------------------------------------------------------------------


def saved(model, path):
    torch.save({"ema": model, "train_args": {"imgsz": 64}, "date": "2024"}, path)
    return path


def copy():
    """A network of its own that may be spoilt."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return DetectionModel("yolov8n.yaml", nc=80, verbose=False).eval()


@pytest.mark.parametrize("architecture", ["yolov8n", "yolov8s", "yolo11n", "yolo11m"])
@pytest.mark.parametrize("fused", [False, True], ids=["as trained", "fused"])
def test_a_detector_is_what_ultralytics_reads(tmp_path, architecture, fused):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = DetectionModel(f"{architecture}.yaml", nc=80, verbose=False).eval()
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 2)
        batch = torch.rand(1, 3, 64, 96)
    path = saved((model.fuse(verbose=False) if fused else model).half(), tmp_path / "y.pt")
    with torch.inference_mode():
        expected, found = (
            tasks.load_checkpoint(path, device="cpu")[0](batch)[0],
            read_detector(path, 80)(batch)[0],
        )
    assert expected.std() > 1
    assert torch.equal(found, expected)


def test_another_activation_is_kept(tmp_path):
    """As in files of earlier versions, whose layers differ from those of this one."""
    model = copy()
    model.model[9].cv1.act = torch.nn.LeakyReLU(0.3)
    found = read_detector(saved(model, tmp_path / "y.pt"), 80)
    assert found.model[9].cv1.act.negative_slope == 0.3


def test_a_file_of_the_first_releases(tmp_path, monkeypatch):
    """They named their layers without the modules that these lie in today."""
    model = copy()
    for layer in model.modules():
        if type(layer).__module__.startswith("ultralytics.nn.modules."):
            monkeypatch.setattr(type(layer), "__module__", "ultralytics.nn.modules")
    path = saved(model, tmp_path / "y.pt")
    assert b"cultralytics.nn.modules\nConv\n" in path.read_bytes()
    batch = torch.ones(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(read_detector(path, 80)(batch)[0], copy()(batch)[0])


def spoil_state(model, mark):
    model.model[0].note = payloads(mark)["os.system"]


def spoil_hook(model, mark):
    model.model[0]._forward_hooks[0] = payloads(mark)["os.system"]


def spoil_deep(model, mark):
    model.model[-1].cv2[0][0].conv.__dict__["padding"] = payloads(mark)["eval"]


def spoil_yaml(model, mark):
    model.yaml = {"backbone": [payloads(mark)["exec"]]}


def spoil_layer(model, _):
    model.model[3].add_module("own", OwnLayer())


class OwnLayer(torch.nn.Module):
    """Not of torch and not of Ultralytics."""


@pytest.mark.parametrize(
    "spoil",
    [spoil_state, spoil_hook, spoil_deep, spoil_yaml, spoil_layer],
    ids=lambda f: f.__name__,
)
def test_a_call_inside_a_real_network(tmp_path, spoil):
    model, mark = copy(), tmp_path / "mark"
    spoil(model, mark)
    message = refused("yolo", saved(model, tmp_path / "bad.pt"), mark)
    assert "it asks for " in message


def test_no_class_of_the_list_is_called(tmp_path):
    """Called, DetectionModel would read any file and evaluate the text of an activation."""
    config = {"activation": f"open({str(tmp_path / 'mark')!r}, 'w')", "nc": 80, "scales": {}}
    for call in (Call(DetectionModel, config), Call(DetectionModel, "/etc/hostname")):
        path = tmp_path / "bad.pt"
        torch.save({"model": call}, path)
        message = refused("yolo", path, tmp_path / "mark")
        assert "with a no head" in message


def test_hooks_methods_and_odd_values_are_left_out(tmp_path):
    model = copy()
    first = model.model[0]
    first._forward_hooks[7] = torch.nn.SiLU  # a class is all that a file may name
    first.__dict__["forward"] = torch.nn.SiLU
    first.__dict__["forward_fuse"] = "text"
    first.__dict__["__class__"] = torch.nn.SiLU
    model.__dict__["criterion"] = torch.nn.BCEWithLogitsLoss()
    model.args = {"imgsz": Path("x")}
    found = read_detector(saved(model, tmp_path / "y.pt"), 80)
    layer = found.model[0]
    assert type(layer).__name__ == "Conv"
    assert not layer._forward_hooks
    assert not {"forward", "forward_fuse", "__class__"} & set(vars(layer))
    assert not hasattr(found, "criterion")
    assert not hasattr(found, "args")
    with torch.inference_mode():
        assert torch.equal(found(torch.ones(1, 3, 64, 64))[0], copy()(torch.ones(1, 3, 64, 64))[0])


def holds_itself(model):
    model.model[0]._modules["again"] = model.model[0]


def nested(model):
    inner = torch.nn.Sequential()
    for _ in range(120):
        inner = torch.nn.Sequential(inner)
    model.model[0]._modules["deep"] = inner


def claims(model):
    model.model[0].conv.weight = torch.nn.Parameter(torch.ones(1).expand(10**6, 3, 3, 3))


def odd_settings(model):
    model.model[0].conv.stride = "two"


def lost_layer(model):
    del model.model[2]._modules["cv2"]


def other_shape(model):
    model.model[1].conv.weight = torch.nn.Parameter(torch.ones(8, 8, 3, 3))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (holds_itself, "its modules hold each other"),
        (nested, "its modules hold each other"),
        (claims, "'weight' claims 27,000,000 numbers; the file holds fewer"),
        (odd_settings, "not an Ultralytics checkpoint"),
        (lost_layer, "not an Ultralytics checkpoint"),
        (other_shape, "not an Ultralytics checkpoint"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_network_that_cannot_be(tmp_path, spoil, message):
    model = copy()
    spoil(model)
    assert message in refused("yolo", saved(model, tmp_path / "bad.pt"), tmp_path / "mark")


def test_no_name_of_the_list_is_a_function_of_the_system():
    for name in yolo_file.BUILT:
        assert name.startswith(("torch.nn.modules.", "ultralytics.nn."))


# --- more memory than the file is worth --------------------------------------------------------


def bomb_of_zeros(path):
    torch.save({"a": torch.zeros(2)}, path)
    with zipfile.ZipFile(path) as source:
        entries = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in entries.items():
            target.writestr(name, bytes(100 << 20) if name.endswith("data/0") else data)


@pytest.mark.parametrize("loader", LOADERS)
def test_a_zip_bomb(tmp_path, loader):
    bomb_of_zeros(tmp_path / "bad.pt")
    message = refused(loader, tmp_path / "bad.pt", tmp_path / "mark")
    assert re.search(r"its [\d,]+ bytes claim to hold 10\d,\d{3},\d{3}", message)


def test_a_program_of_an_archive_may_be_packed(tmp_path):
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "a.pt")
    replace(tmp_path / "a.pt", "nothing", b"")  # the same entries, written anew
    assert set(tensors_of(read_tensors(tmp_path / "a.pt"))) == {"weight", "bias"}


def test_a_clip_of_a_million_layers_asks_for_no_memory(tmp_path):
    state = {
        "visual.conv1.weight": torch.ones(768, 3, 32, 32),
        "visual.positional_embedding": torch.ones(50, 768),
        "visual.proj": torch.ones(768, 512),
    }
    state |= {f"visual.{i}.attn.in_proj_weight": torch.ones(1) for i in range(40)}
    torch.save(state, tmp_path / "bad.pt")
    message = refused("clip", tmp_path / "bad.pt", tmp_path / "mark")
    assert "it lacks 'visual." in message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1, "'a' is no tensor but an int"),
        (None, "'a' is no tensor but nothing"),
        (torch.empty(3, device="meta"), "is no ordinary tensor"),
        (torch.ones(3).to_sparse(), "is no ordinary tensor"),
        (torch.ones(1).expand(9), "'a' claims 9 numbers; the file holds fewer"),
    ],
)
def test_only_ordinary_tensors(value, message):
    with pytest.raises(TensorFileError, match=re.escape(message)):
        plain_tensor("a", value)


def test_an_archives_own_pickle_may_ask_for_nothing_either(tmp_path):
    script({"a": payloads(tmp_path / "mark")["eval"]}, tmp_path / "bad.pt")
    with pytest.raises(TensorFileError, match="it asks for eval"):
        read_tensors(tmp_path / "bad.pt")
    assert not (tmp_path / "mark").exists()
