import pytest
import torch

from harmlib.features.device import choose_device, choose_precision, device_label

CPU = torch.device("cpu")


@pytest.mark.parametrize("gpus", [0, 1])
def test_auto_takes_the_gpu_if_there_is_one(monkeypatch, gpus):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(gpus))
    assert choose_device("auto").type == ("cuda" if gpus else "cpu")
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuda", r"'cuda': this machine has 0 CUDA device\(s\); use auto or cpu"),
        ("cuda:3", "'cuda:3': this machine has 0"),
        ("gpu", r"'gpu': .*use auto, cpu, cuda or cuda:N"),
        ("", r"'': .*use auto"),
        ("fpga", "'fpga': the installed torch can't use it; use auto or cpu"),
        ("hpu", "'hpu': the installed torch can't use it"),
    ],
)
def test_a_device_that_is_not_there(monkeypatch, name, message):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ValueError, match=message):
        choose_device(name)


def test_a_gpu_beyond_the_last(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ValueError, match=r"'cuda:2': this machine has 2"):
        choose_device("cuda:2")


@pytest.mark.parametrize(
    ("name", "native", "dtype"),
    [
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
        ("fp32", True, torch.float32),
        ("bf16", False, torch.bfloat16),
    ],
)
def test_precision(monkeypatch, name, native, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native})
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: native or including_emulation
    )
    assert choose_precision(name, CPU) == dtype
    assert choose_precision(name, torch.device("cuda")) == dtype


def test_precision_without_the_word_for_bf16_is_fp32(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": "aarch64"})
    assert choose_precision("auto", CPU) == torch.float32
    assert device_label(CPU).startswith("CPU (aarch64, ")


def test_label_names_the_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Made-up {device}")
    assert device_label(torch.device("cuda:0")) == "Made-up cuda:0"
