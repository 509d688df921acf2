"""One epoch of training against a DataLoader over a TensorDataset: run this file.

Both train the same model with the same data in the same order of batches, in turns. The loop
beside it is the one of PyTorch's tutorials: DataLoader, Adam, `loss.item()`; once with torch's own
number of threads, once with the single one that this project uses.
"""

import os
import platform
import statistics
import time

import torch
from torch.utils.data import DataLoader, TensorDataset

from harmlib.models.classifier import HarmfulClassifier
from harmlib.models.losses import build_loss
from harmlib.models.training import Split, train
from harmlib.params import Schedule

DIMS = {"clip": 1024, "yolo": 686, "slowfast": 2304}  # of a video
ITEMS, REPEATS, EPOCHS = 1000, 5, 2


def model_of(seed=0):
    torch.manual_seed(seed)
    return HarmfulClassifier(DIMS, "logits")


def tutorial(features, labels, batch_size, threads):
    """Seconds of an epoch."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    model, loss = model_of().train(), build_loss("bce_with_logits", 0.5)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(features, labels), batch_size=batch_size, shuffle=True)
    start, total = time.perf_counter(), 0.0
    for some, their in loader:
        optimiser.zero_grad()
        value = loss(model(some), their)
        value.backward()
        optimiser.step()
        total += value.item() * len(their)
    seconds = time.perf_counter() - start
    torch.set_num_threads(before)
    return seconds


def ours(features, labels, batch_size):
    """Seconds of an epoch, scoring of the (tiny) validation split included."""
    names = [str(i) for i in range(len(labels))]
    splits = {
        "train": Split(features, labels.long(), names, names),
        "val": Split(features[:2], labels[:2].long(), names[:2], names[:2]),
    }
    training = train(
        lambda: HarmfulClassifier(DIMS, "logits"),
        build_loss("bce_with_logits", 0.5),
        Schedule(epochs=EPOCHS, batch_size=batch_size, learning_rate=1e-3),
        splits,
        seed=0,
        device=torch.device("cpu"),
    )
    return training.history["seconds"].median()


def main():
    print(f"{platform.platform()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
          f"{ITEMS} items of {sum(DIMS.values())} numbers, median of {REPEATS}")  # fmt: skip
    torch.manual_seed(1)
    features, labels = torch.randn(ITEMS, sum(DIMS.values())), (torch.rand(ITEMS) < 0.7).float()
    threads = torch.get_num_threads()
    tutorial(features, labels, 4, 1), ours(features, labels, 4)  # first calls import and allocate
    for batch_size in (2, 4, 32):
        spent = {"threads": [], "one thread": [], "ours": []}
        for _ in range(REPEATS):
            spent["threads"].append(tutorial(features, labels, batch_size, threads))
            spent["one thread"].append(tutorial(features, labels, batch_size, 1))
            spent["ours"].append(ours(features, labels, batch_size))
        middle = {name: statistics.median(seconds) for name, seconds in spent.items()}
        print(f"batch {batch_size:>2}: loader {middle['threads']:.3f} s with {threads} threads, "
              f"{middle['one thread']:.3f} s with one; ours {middle['ours']:.3f} s: "
              f"{middle['threads'] / middle['ours']:.1f}x, "
              f"{middle['one thread'] / middle['ours']:.1f}x")  # fmt: skip


if __name__ == "__main__":
    main()
