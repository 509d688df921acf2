"""The demo set: images and videos that the program draws itself in seconds."""

from harmlib.media.demo.files import make_demo

__all__ = ["make_demo"]
