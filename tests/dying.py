"""Backbones whose process ends, once in each stage: mixed into those of the tests of Ray."""

import os
import time


class DiesOnce:
    """`dies` names a folder: the process that first prepares, and that first computes, ends."""

    def __init__(self, *name, dies, seconds):
        super().__init__(*name)
        self.dies, self.seconds = dies, seconds

    def prepare(self, frames):
        self.die_once("preparing")
        return super().prepare(frames)

    def compute(self, batch):
        self.die_once("computing")
        time.sleep(self.seconds)
        return super().compute(batch)

    def die_once(self, name):
        if self.dies is not None and not (self.dies / name).exists():
            (self.dies / name).touch()
            os._exit(1)
