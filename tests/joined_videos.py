"""One long video made of several short ones."""

import av


def join_videos(paths, out):
    """The videos one after the other in one file."""
    with av.open(str(out), "w") as target:
        stream, number = None, 0
        for path in paths:
            with av.open(str(path)) as source:
                for frame in source.decode(video=0):
                    if stream is None:
                        stream = target.add_stream(
                            "libx264", rate=source.streams.video[0].average_rate
                        )
                        stream.width, stream.height = frame.width, frame.height
                        stream.pix_fmt, stream.options = "yuv420p", {"crf": "18"}
                    frame = frame.reformat(stream.width, stream.height, "yuv420p")
                    frame.pts, frame.time_base = number, 1 / stream.average_rate
                    number += 1
                    target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
