"""Draws the points of the faces into a video: `python -m fkp_utils.app.video in.mp4 out.mp4 --csv points.csv`."""

from __future__ import annotations

import argparse
import contextlib
import csv
import pathlib
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from fkp_utils import keypoints
from fkp_utils.app import finder, photos, prediction, tracking
from fkp_utils.system import files, progress

CODEC = "libx264"
HEADER = ["frame", "seconds", "face", *keypoints.KAGGLE_15.columns]


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the video and the table of its points; 1 and a line on standard error if that cannot be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=pathlib.Path, help="the video")
    parser.add_argument("target", type=pathlib.Path, help="the video that is written, an .mp4 file")
    parser.add_argument("--csv", type=pathlib.Path, help="a table: frame, seconds, face, and x and y of each point, px")
    parser.add_argument("--model", type=pathlib.Path, help="a .keras file (default: that of the package)")
    parser.add_argument("--smallest", type=float, default=finder.SMALLEST, help="smallest face, of the shorter side")
    parser.add_argument("--no-smoothing", action="store_true", help="leave out the One-Euro filter")
    options = parser.parse_args(arguments)
    try:
        if options.target.suffix.lower() != ".mp4":
            raise ValueError(f"{options.target}: the video is written as an .mp4 file")
        if not options.source.is_file():
            raise FileNotFoundError(f"{options.source}: no such file")
        photos.refuse_pointer(options.source)
        network = prediction.load(options.model)
        tracker = tracking.Tracker(network, not options.no_smoothing, options.smallest)
        frames = annotate(options.source, options.target, options.csv, tracker)
    except ImportError as error:
        print(f"error: {error.name} is not installed; pip install 'fkp_utils[app]'", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.target}: {frames} frames, {tracker.met} faces")
    return 0


def annotate(source: pathlib.Path, target: pathlib.Path, table: pathlib.Path | None, tracker: tracking.Tracker) -> int:
    """Writes `source` with the points of the tracker to `target`, and a row for each face of each frame to `table`.

    Frames are read, drawn and written one by one; the sound is left out.  Returns their number.  Both files are whole
    or not there.  ValueError for what is no video.
    """
    import av

    line = progress.Line()
    with contextlib.ExitStack() as stack:
        new = stack.enter_context(files.replacing(target))
        rows = None
        if table:
            beside = stack.enter_context(files.replacing(table))
            rows = csv.writer(stack.enter_context(beside.open("w", newline="", encoding="utf-8")))
            rows.writerow(HEADER)
        try:
            video = stack.enter_context(av.open(str(source)))
            if not video.streams.video:
                raise ValueError(f"{source}: no video in it")
            rate = video.streams.video[0].average_rate or Fraction(25)
            total, count, before = video.streams.video[0].frames, 0, -1 / rate
            output = stack.enter_context(av.open(str(new), "w"))
            stream: Any = None
            for count, (seconds, frame) in enumerate(_frames(video), 1):
                seconds = seconds if seconds > before else before + 1 / rate
                found = tracker.step(frame, float(seconds - before))
                before = seconds
                if rows:
                    rows.writerows(
                        [count - 1, f"{float(seconds):.4f}", face, *(f"{value:.2f}" for value in seen.points.ravel())]
                        for face, seen in found.items()
                    )
                picture = _drawn(frame, list(found.values()))
                if stream is None:
                    stream = output.add_stream(CODEC, rate=rate, options={"crf": "18"})
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = "yuv420p"
                output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                line.write(f"frame {count}" + (f" of {total}" if total else ""))
            if stream is None:
                raise ValueError(f"{source}: no frame in it")
            output.mux(stream.encode())
        except av.FFmpegError as error:
            raise ValueError(f"{source}: no video that can be read ({error.strerror})") from error
    line.close(f"{count} frames")
    return count


def _frames(video: Any) -> Iterator[tuple[Fraction, np.ndarray]]:
    """The time in seconds and the upright RGB of each frame."""
    stream = video.streams.video[0]
    stream.thread_type = "AUTO"
    for frame in video.decode(stream):
        seconds = Fraction(frame.pts * frame.time_base) if frame.pts is not None else Fraction(-1)
        yield seconds, np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)


def _drawn(frame: np.ndarray, found: list[prediction.Prediction]) -> np.ndarray:
    """The frame (H, W, 3) with a dot for each point; cut to even sides, which the codec needs."""
    height, width = (side // 2 * 2 for side in frame.shape[:2])
    picture = Image.fromarray(np.ascontiguousarray(frame[:height, :width]))
    draw = ImageDraw.Draw(picture)
    for seen in found:
        radius = max(1.5, (seen.box[2] - seen.box[0]) / 80)
        for point in seen.points:
            draw.circle(tuple(point), radius, fill=(255, 220, 0), outline=(0, 0, 0))
    return np.asarray(picture)


if __name__ == "__main__":
    sys.exit(main())
