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
from fkp_utils.system import commands, files, progress

CODEC = "libx264"
CLOCK = Fraction(1, 90_000)  # seconds: the unit of times in the video that is written
MICRO = 1_000_000  # the unit of times of a whole file, in a second
HEADER = ["frame", "seconds", "face", *keypoints.KAGGLE_15.columns]


@commands.command
def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the video and the table of its points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=pathlib.Path, help="the video")
    parser.add_argument("target", type=pathlib.Path, help="the video that is written, an .mp4 file")
    parser.add_argument("--csv", type=pathlib.Path, help="a table: frame, seconds, face, and x and y of each point, px")
    parser.add_argument("--model", type=pathlib.Path, help="a .keras file (default: that of the package)")
    parser.add_argument("--smallest", type=float, default=finder.SMALLEST, help="smallest face, of the shorter side")
    parser.add_argument("--no-smoothing", action="store_true", help="leave out the One-Euro filter")
    options = parser.parse_args(arguments)
    if options.target.suffix.lower() != ".mp4":
        raise ValueError(f"{options.target}: the video is written as an .mp4 file")
    if not options.source.is_file():
        raise FileNotFoundError(f"{options.source}: no such file")
    photos.refuse_pointer(options.source)
    network = prediction.load(options.model)
    tracker = tracking.Tracker(network, not options.no_smoothing, options.smallest)
    frames = annotate(options.source, options.target, options.csv, tracker)
    print(f"{options.target}: {frames} frames, {tracker.met} faces")


def annotate(source: pathlib.Path, target: pathlib.Path, table: pathlib.Path | None, tracker: tracking.Tracker) -> int:
    """Writes `source` with the points of the tracker to `target`, and a row for each face of each frame to `table`.

    Frames are read, drawn and written one by one, each at its own time.  The sound is copied as it is; what an .mp4
    file cannot hold of it is left out, and a line says so.  Returns the number of frames.  Both files are whole or not
    there.  ValueError for what is no video, and for one that is cut short.
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
            stream: Any = output.add_stream(CODEC, rate=rate, options={"crf": "18"})
            stream.codec_context.time_base = CLOCK
            sound: list[Any] = []
            for count, (seconds, frame) in enumerate(_frames(video, _copies(video, output), sound), 1):
                seconds = seconds if seconds > before else before + 1 / rate
                found = tracker.step(frame, float(seconds - before))
                before = seconds
                if rows:
                    rows.writerows(
                        [count - 1, f"{float(seconds):.4f}", face, *(f"{value:.2f}" for value in seen.points.ravel())]
                        for face, seen in found.items()
                    )
                picture = av.VideoFrame.from_ndarray(_drawn(frame, list(found.values())), format="rgb24")
                picture.pts, picture.time_base = round(seconds / CLOCK), CLOCK
                if count == 1:
                    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
                output.mux(stream.encode(picture))
                output.mux(sound)
                sound.clear()
                line.write(f"frame {count}" + (f" of {total}" if total else ""))
            if not count:
                raise ValueError(f"{source}: no frame in it")
            output.mux(stream.encode())
            output.mux(sound)
        except av.FFmpegError as error:
            raise ValueError(f"{source}: no video that can be read ({error.strerror})") from error
    line.close(f"{count} frames")
    return count


def _copies(video: Any, output: Any) -> dict[int, Any]:
    """By the index of a stream of sound, the stream of the output that it is copied into."""
    copies = {}
    for stream in video.streams.audio:
        try:
            copies[stream.index] = output.add_stream_from_template(stream)
        except ValueError:
            print(f"the sound ({stream.codec_context.name}) is left out: an .mp4 file cannot hold it", file=sys.stderr)
    return copies


def _frames(video: Any, copies: dict[int, Any], sound: list[Any]) -> Iterator[tuple[Fraction, np.ndarray]]:
    """The time in seconds and the upright RGB of each frame; packets of sound between them are put into `sound`.

    Times are counted from the start of the video.  ValueError if its last packet is not whole, or if it ends more than
    a second before it should.
    """
    pictures, start = video.streams.video[0], Fraction(video.start_time or 0, MICRO)
    end, damaged = Fraction(0), False
    pictures.thread_type = "AUTO"
    for packet in video.demux(pictures, *video.streams.audio):
        if packet.pts is not None:
            end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base - start)
            damaged = packet.is_corrupt
        if packet.stream.index == pictures.index:
            for frame in packet.decode():
                seconds = frame.pts * frame.time_base - start if frame.pts is not None else Fraction(-1)
                yield seconds, np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
        elif packet.stream.index in copies and packet.dts is not None:
            packet.pts, packet.dts = (round(time - start / packet.time_base) for time in (packet.pts, packet.dts))
            packet.stream = copies[packet.stream.index]
            sound.append(packet)
    if damaged or end + 1 < Fraction(video.duration or 0, MICRO):
        raise ValueError(f"{video.name}: cut short after {float(end):.1f} seconds")


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
