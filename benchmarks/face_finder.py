"""The face finder on photographs in which another program has marked the faces: what it finds, and how fast.

    python benchmarks/face_finder.py ../shared/data/wild/wild-00000-of-00001.parquet --part 1

The parquet file has the columns `image` (encoded bytes), `kind` ("real" are measured) and `faces`: x, y, width and
height in pixels, roll in degrees and yaw (0: looks at the camera) of each, largest first. A face is found if the middle
of a square lies within a third of its width from its own.
"""

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
import pyarrow.parquet as parquet
import tyro
from PIL import Image, ImageOps

from gan.model import face_finder, images
from gan.model.face_finder import FEWEST_PIXELS, Square

TILTED, TURNED = 12, 0.5  # degrees of roll; yaw
PHOTO = (4000, 3000)  # pixels, for the times


@dataclass
class Benchmark:
    """Measure the face finder."""

    data: tyro.conf.Positional[Path]
    # half of the photographs that is measured: 0 was used to choose, 1 was kept apart
    part: int = 1
    # measure only every n-th of them
    every: int = 1
    # picture file for the squares in which no face is marked, to look at
    squares: Path | None = None
    threads: int = 2

    def run(self) -> None:
        cv2.setNumThreads(self.threads)
        photos = self._photos()
        self._found(photos)
        self._turned(photos)
        self._times(photos)

    def _photos(self) -> list[tuple[Image.Image, list[list[float]]]]:
        rows = parquet.read_table(self.data, columns=["image", "kind", "faces"]).to_pylist()
        rows = [row for row in rows if row["kind"] == "real" and row["faces"]]
        return [(images.decode(row["image"]["bytes"]), row["faces"]) for row in rows[self.part :: 2][:: self.every]]

    def _found(self, photos) -> None:
        counts = {name: [] for name in ("the largest face", "upright", "tilted", "turned", "all marked faces")}
        unmarked, squares, rolls = [], 0, []
        for photo, faces in photos:
            found = face_finder.find(photo)
            for place, face in enumerate(faces):
                near = [square for square in found if _agree(square, face)]
                if face[2] >= FEWEST_PIXELS:
                    counts["all marked faces"].append(bool(near))
                if place == 0:
                    kinds = ["tilted"] * (abs(face[4]) >= TILTED) + ["turned"] * (abs(face[5]) >= TURNED)
                    for kind in ("the largest face", *(kinds or ["upright"])):
                        counts[kind].append(bool(near))
                    rolls += [_degrees(near[0].roll - face[4])] if near else []
            judged = [square for square in found if square.side >= FEWEST_PIXELS]
            squares += len(judged)
            # three faces at most are marked
            for square in judged if len(faces) < 3 else ():
                if not any(_agree(square, face, 0.5) for face in faces):
                    unmarked.append((photo, square))
        print(f"{len(photos):,} photographs with marked faces\n")
        for name, hits in counts.items():
            print(f"{name:20} {sum(hits):5,} of {len(hits):5,}  {np.mean(hits):6.1%}")
        print(f"\nroll: {np.mean(np.abs(rolls) < 12):.1%} within 12 degrees of the marked one")
        print(f"{len(unmarked)} of {squares:,} squares of {FEWEST_PIXELS} pixels and more hold no marked face")
        if self.squares and unmarked:
            crops = [face_finder.cut(photo, square, 96) for photo, square in unmarked]
            images.sheet(np.stack(crops), 12).save(self.squares)

    def _turned(self, photos) -> None:
        """Photographs turned as a whole: by 90 degrees as cameras do, and by other angles."""
        print("\nturned by degrees   found   upright again (within 15 degrees)")
        level = [(photo, faces[0]) for photo, faces in photos if abs(faces[0][4]) < TILTED][::4]
        for angle in (25, 45, 90, 135, 180, 270):
            found, upright = 0, 0
            for photo, face in level:
                turned, middle = _turn(photo, face, angle)
                square = _near(face_finder.find(turned), middle, face[2])
                found += square is not None
                upright += square is not None and abs(_degrees(square.roll - face[4] - angle)) < 15
            print(f"{angle:17} {found / len(level):7.1%} {upright / len(level):7.1%}")

    def _times(self, photos) -> None:
        """Of photos of 12 megapixels, decoded: with upright faces, with faces turned by 90 degrees, without any."""
        print(f"\nmilliseconds for {PHOTO} pixels, {self.threads} threads: median, slowest, median of CPU time")
        level = [photo for photo, faces in photos if abs(faces[0][4]) < TILTED][:20]
        cases = {
            "upright": lambda turn: ImageOps.fit(level[turn], PHOTO),
            "turned by 90": lambda turn: ImageOps.fit(level[turn], PHOTO[::-1]).transpose(Image.Transpose.ROTATE_90),
            "no face": lambda turn: Image.effect_noise((40, 30), 100).convert("RGB").resize(PHOTO),
        }
        for name, photo in cases.items():
            spent, cpu = [], []
            for turn in range(len(level)):
                picture = photo(turn)
                start, start_cpu = time.perf_counter(), time.process_time()
                face_finder.find(picture)
                spent.append(1e3 * (time.perf_counter() - start))
                cpu.append(1e3 * (time.process_time() - start_cpu))
            print(f"{name:14} {np.median(spent):6.0f} {max(spent):6.0f} {np.median(cpu):6.0f}")


def _agree(square: Square, face: list[float], share: float = 1 / 3) -> bool:
    x, y, width, height = face[:4]
    return math.dist(square.middle, (x + width / 2, y + height / 2)) < share * width


def _near(squares: list[Square], middle: tuple[float, float], width: float) -> Square | None:
    return next((square for square in squares if math.dist(square.middle, middle) < width / 3), None)


def _turn(photo: Image.Image, face: list[float], angle: float) -> tuple[Image.Image, tuple[float, float]]:
    """A photo turned clockwise, and where the middle of a face is then."""
    turned, radians = photo.rotate(-angle, Image.Resampling.BICUBIC, expand=True), math.radians(angle)
    x, y = face[0] + face[2] / 2 - photo.width / 2, face[1] + face[3] / 2 - photo.height / 2
    return turned, (
        x * math.cos(radians) - y * math.sin(radians) + turned.width / 2,
        x * math.sin(radians) + y * math.cos(radians) + turned.height / 2,
    )


def _degrees(angle: float) -> float:
    return (angle + 180) % 360 - 180


if __name__ == "__main__":
    tyro.cli(Benchmark).run()
