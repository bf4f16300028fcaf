"""Resident memory of CelebA: its images are read from one file on disk, a batch at a time, never all at once.

Makes small JPEG files in CelebA's layout in a temporary folder (a few distinct ones under many names), loads them in a
process of its own, reads every batch, and compares that process's peak with the array that `np.stack` would make.

Run it as `python benchmarks/celeba_memory.py [--images 20000] [--folder where there is room]`.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import _options
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 218, 178
DISTINCT = 32


def make(root: pathlib.Path, count: int) -> None:
    """`count` images with their landmarks and partitions in CelebA's layout."""
    images = root / "img_align_celeba"
    images.mkdir()
    generator = np.random.default_rng(0)
    names = [f"{number:06d}.jpg" for number in range(1, count + 1)]
    for number, name in enumerate(names):
        if number < DISTINCT:
            small = generator.integers(0, 256, (7, 6, 3), np.uint8)
            Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(images / name)
        else:
            source = images / names[number % DISTINCT]
            try:
                os.link(source, images / name)
            except OSError:  # no links on this file system, or no more of them
                shutil.copyfile(source, images / name)
    points = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")
    header = ",".join(["image_id", *(f"{point}_{axis}" for point in points for axis in "xy")])
    rows = [f"{name},70,112,107,112,89,133,74,153,105,153" for name in names]
    (root / "list_landmarks_align_celeba.csv").write_text("\n".join([header, *rows]) + "\n")
    partition = ["image_id,partition", *(f"{name},0" for name in names)]
    (root / "list_eval_partition.csv").write_text("\n".join(partition) + "\n")


def peak() -> int:
    """Bytes: the largest resident size that this process had so far."""
    try:
        status = pathlib.Path("/proc/self/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure(root: str) -> dict[str, float]:
    """Loads the faces in `root` and reads all their images: seconds, and peaks in bytes after each step."""
    from fkp_utils.datasets import celeba

    found = {"imported": peak()}
    start = time.perf_counter()
    faces = celeba.load(root)
    found |= {"first_load_s": time.perf_counter() - start, "loaded": peak()}
    start = time.perf_counter()
    faces = celeba.load(root)
    found |= {"second_load_s": time.perf_counter() - start}
    start = time.perf_counter()
    total = sum(int(images.sum(dtype=np.int64)) for _, images in faces.batches())
    found |= {"read_s": time.perf_counter() - start, "read": peak(), "mean": total / np.prod(faces.images.shape)}
    return found | {"images": len(faces), "pixels": int(np.prod(faces.images.shape))}


def main() -> None:
    options = _options.parse(__doc__, images=20_000, folder=str, measure=str)
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        root = pathlib.Path(folder, "celeba")
        root.mkdir()
        needed, free = options.images * (HEIGHT * WIDTH * 3 + 4000), shutil.disk_usage(folder).free
        if needed > free:
            sys.exit(f"{needed / 1e9:.1f} GB needed in {folder}, {free / 1e9:.1f} GB free; --folder names another")
        make(root, options.images)
        environment = os.environ | {"FKP_CACHE": os.path.join(folder, "cache")}
        command = [sys.executable, __file__, "--measure", str(root)]
        output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = json.loads(output.splitlines()[-1])
    print(f"{found['images']:,} images, {found['pixels'] / 1e6:,.0f} MB of pixels")
    print(f"first load {found['first_load_s']:.1f} s, later ones {found['second_load_s']:.2f} s")
    print(f"every batch read in {found['read_s']:.1f} s")
    for step in ("imported", "loaded", "read"):
        print(f"peak resident size once {step}: {found[step] / 1e6:,.0f} MB")
    growth = found["read"] - found["imported"]
    print(f"growth {growth / 1e6:,.0f} MB: {found['pixels'] / growth:.0f} times less than the pixels")
    print(f"celeba_growth_mb {growth / 1e6:.1f}")


if __name__ == "__main__":
    main()
