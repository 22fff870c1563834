"""Make any number of faces as PNG files, and a table of what each of them is."""

import argparse
import csv
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tqdm import tqdm

from gan import UserError, expand_home, show_anything
from gan.hub_name import FULL_NAME, hub_name
from gan.link import LOOK, SEED_LIMIT, Range, look_fields
from gan.link import WEIGHTS as ID
from gan.model.look import ATTRIBUTES, Look
from gan.model.point import Place, Point
from gan.serve import DEFAULT, WEIGHTS
from gan.words import typed_parts

if TYPE_CHECKING:  # torch takes seconds to import, and --help and mistakes in the command line need not wait for it
    from gan.serve.faces import FaceModel

TABLE = "faces.csv"
AT_ONCE = 64  # faces that are made and written together; on a sheet, in rows of 8
SIZES = Range(8, 1024, 0)  # pixels: side of a face
EPILOG = f"""\
examples:
  python -m gan.generate --seeds 0-99 --out faces
  python -m gan.generate --seeds 12,40-55,1003 --variation 0.8 --size 256 --out faces
  python -m gan.generate --seeds 0-99 --age 1.5 --smile -1 --out older
  python -m gan.generate --like photo.jpg --out lookalikes
  python -m gan.generate --seeds 4,4~13@0.25,4~13@0.5,4~13@0.75,13 --out between
  python -m gan.generate --seeds 0-99999 --sheet --model user/name@revision --out sheets

DIR gets a PNG for each face, seed-0000000012.png or, of a place between two, seed-4~13@0.4.png, and {TABLE} with the
columns seed, file, weights (the first 12 hexadecimal digits of the generator's sha256) and look. With --sheet it gets
sheet-00000001.png and so on, and the columns sheet and place (0 to 63, row by row) instead of file. Each PNG holds the
same as text chunks, and says that it was generated. The licence of the weights covers their faces, so LICENSE is copied
to DIR.
"""


def main(arguments: list[str] | None = None) -> None:
    given = command_line().parse_args(expand_home(sys.argv[1:] if arguments is None else arguments))
    points = parse_points(given.seeds) if given.seeds is not None else []
    look = Look(**{name: getattr(given, name) for name in LOOK}, directions=given.directions)
    check_empty(given.out)
    model = load(given.model)
    if given.like:
        points = alike(model, given.like)
    if cannot := model.cannot(look):
        raise UserError(f"{cannot} Other weights may: name them with --model.")
    look = model.fitting(look)
    generate(model, points, look, given.out, given.size or model.resolution, given.sheet)


def command_line() -> argparse.ArgumentParser:
    """The parser; each field of a `Look` is an option."""
    parser = argparse.ArgumentParser(
        prog="python -m gan.generate",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--seeds",
        help=f"seeds from 0 to {SEED_LIMIT - 1}, ranges of them, words and places between two: 12,40-55,Ada,4~13@0.4",
    )
    which.add_argument(
        "--like",
        type=Path,
        metavar="PHOTO",
        help="the 12 seeds whose faces look most like the largest face in a picture",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder, created if it does not exist")
    parser.add_argument(
        "--model",
        default=str(WEIGHTS / DEFAULT),
        metavar="FOLDER|user/name[@revision]",
        help=f"weights: a folder, or a repo on the Hugging Face Hub; default: weights/{DEFAULT} of this checkout",
    )
    for name, limits in LOOK.items():
        parser.add_argument(
            f"--{name}",
            type=number(name, limits),
            default=getattr(Look(), name),
            metavar="NUMBER",
            help=f"how all faces look, as the page's slider sets it: {limits.least:g} to {limits.most:g}; "
            f"default: {getattr(Look(), name):g}, as {'generated' if name in ATTRIBUTES else 'trained'}",
        )
    parser.add_argument(
        "--directions",
        type=directions,
        default="",
        metavar="ID",
        help="along which attributes are moved, as after d= in a link; default: those that the weights have now",
    )
    parser.add_argument(
        "--size",
        type=number("size", SIZES),
        metavar="PIXELS",
        help=f"side of a face, {SIZES.least} to {SIZES.most}, resized smoothly; default: as the network makes it",
    )
    parser.add_argument("--sheet", action="store_true", help=f"sheets of {AT_ONCE} faces instead of single files")
    return parser


def number(name: str, limits: Range):
    """A type for argparse: the number in a text if it is within the limits, otherwise a UserError."""

    def parse(text: str) -> float:
        try:
            value = float(text) if limits.decimals else int(text)
        except ValueError:
            value = float("nan")
        if limits.least <= value <= limits.most and round(value, limits.decimals) == value:
            return value
        kind, precision = (
            ("number", f", with at most {limits.decimals} decimals") if limits.decimals else ("whole number", "")
        )
        raise UserError(f"--{name} {text}: must be a {kind} from {limits.least:g} to {limits.most:g}{precision}.")

    return parse


def directions(text: str) -> str:
    """A type for argparse: what a link names directions by, otherwise a UserError."""
    if text and not ID.fullmatch(text.lower()):
        raise UserError(f"--directions {text}: must be the 12 hexadecimal digits after d= in a link.")
    return text.lower()


def parse_points(text: str) -> list[Sequence[Point]]:
    """`12,40-55,Ada,4~13@0.4` → ranges of seeds, and places, in that order. Ranges of any length take no memory; what
    a word is, is printed.

    Raises:
        UserError: a part of the text names no face, a face is named twice, or none is named.
    """
    runs = []
    for points, note, word in typed_parts(text):
        if note:
            raise UserError(f"--seeds: {note}")
        if word:
            print(word)
        runs.append(points)
    if not runs:
        raise UserError("--seeds names no seed: write, for example, 0-99 or 12,40-55,1003.")
    places = [run[0] for run in runs if isinstance(run[0], Place)]
    ends = sorted(sorted((run[0], run[-1])) for run in runs if not isinstance(run[0], Place))
    twice = [place for place, times in Counter(places).items() if times > 1]
    twice += [first for (_, last), (first, _) in zip(ends, ends[1:]) if first <= last]
    if twice:
        raise UserError(f"--seeds names seed {twice[0]} twice: name each seed once.")
    return runs


def alike(model: "FaceModel", photo: Path) -> list[Sequence[Point]]:
    """The seeds whose faces look most like the largest face in a picture file, as `parse_points` gives seeds.

    Raises:
        UserError: the weights have no seed index, or the picture cannot be read or has no face.
    """
    from gan.model import face_finder
    from gan.serve import files
    from gan.serve.finder import Finder

    if not model.seed_index:
        raise UserError(f"{model.folder} has no seed index: make one with gan.train.seeds, or name other --model.")
    try:
        data = photo.read_bytes()
    except OSError as error:
        raise UserError(f"--like {photo} cannot be read: {error.strerror}.") from None
    picture = files.read_picture(data)
    faces = face_finder.find(picture)
    if not faces:
        raise UserError(f"--like {photo}: no face was found in it.")
    found = Finder(model).find(picture, faces[:1])
    print(f"Most alike: {', '.join(map(str, found[0].points))}.")
    return [range(point, point + 1) for point in found[0].points]


def check_empty(out: Path) -> None:
    """Faces of two runs must not mix.

    Raises:
        UserError: `out` exists and is not an empty folder.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is not a folder: name a new folder.")
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty: name a new folder.")


def load(name: str) -> "FaceModel":
    """The weights of a folder, or of `user/name[@revision]` on the Hub.

    Raises:
        UserError: they are not there, cannot be fetched, or are damaged; with one sentence.
    """
    from gan.serve.faces import FaceModel

    if Path(name).is_dir():
        return FaceModel(name)
    name = hub_name(name)
    if not FULL_NAME.fullmatch(name):
        raise UserError(f"--model {name} is neither a folder of weights nor a repo on the Hub (user/name).")
    repo_id, _, revision = name.partition("@")
    try:
        return FaceModel.from_pretrained(repo_id, revision or None)
    except UserError as error:
        raise UserError(f"There is no folder {name}, so the Hub was asked. {error}") from error


def generate(model: "FaceModel", points: list[Sequence[Point]], look: Look, out: Path, size: int, sheet: bool) -> None:
    """Make the faces of `points` and write them, `AT_ONCE` at a time, into the empty folder `out`: see `EPILOG`.

    Raises:
        UserError: the folder cannot be written to. The table lists exactly the faces that are in it.
    """
    total, done = sum(map(len, points)), 0
    columns = ["seed", "sheet", "place", "weights", "look"] if sheet else ["seed", "file", "weights", "look"]
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (model.folder / "LICENSE").is_file():
            shutil.copyfile(model.folder / "LICENSE", out / "LICENSE")
        (out / TABLE).write_text(",".join(columns) + "\n", encoding="utf-8")
        # without a terminal there is no progress bar
        with tqdm(total=total, unit=" faces", disable=None) as bar:
            for sheet_number, batch in enumerate(batches(points), 1):
                write(out, pictures(model, batch, look, size, sheet_number if sheet else None))
                done += len(batch)
                bar.update(len(batch))
    except OSError as error:
        raise UserError(
            f"{out} cannot be written to ({error.strerror}): {done:,} of {total:,} faces are in it."
        ) from None
    except KeyboardInterrupt:
        sys.exit(f"Stopped: {done:,} of {total:,} faces are in {out}.")
    print(f"{total:,} faces of weights {model.id} are in {out}, listed in {TABLE}.")


def batches(points: list[Sequence[Point]]) -> Iterator[list[Point]]:
    """The points, `AT_ONCE` at a time."""
    following = chain.from_iterable(points)
    while batch := list(islice(following, AT_ONCE)):
        yield batch


def pictures(
    model: "FaceModel", points: list[Point], look: Look, size: int, sheet_number: int | None
) -> Iterator[tuple[str, bytes, list[tuple]]]:
    """Files of a batch of faces, single ones or, with its number, a sheet: name, PNG, and its rows of the table."""
    import numpy as np

    from gan.model import images
    from gan.serve.files import origin, png, resized, size_note

    faces = model.made(points, look)
    note = size_note(size, model.resolution)
    if note:
        faces = (resized(face, size) for face in faces)
    made_by = (model.id, urlencode(look_fields(look)))
    if sheet_number is None:
        for point, face in zip(points, faces):
            # ten digits for any seed: names sort by seed in sets of several runs, too
            name = f"seed-{point}.png" if isinstance(point, Place) else f"seed-{point:010d}.png"
            yield name, png(face, {**origin([point], look, model.id), **note}), [(point, name, *made_by)]
    else:
        name, sheet = f"sheet-{sheet_number:08d}.png", images.sheet(np.stack(list(faces)), 8)
        rows = [(point, name, number, *made_by) for number, point in enumerate(points)]
        yield name, png(np.asarray(sheet), {**origin(points, look, model.id), **note}), rows


def write(out: Path, pictures: Iterable[tuple[str, bytes, list[tuple]]]) -> None:
    """Write pictures and add their rows to the table: all of them or none, even if interrupted.

    Raises:
        OSError: the folder cannot be written to.
    """
    table, names, rows = out / TABLE, [], []
    size = table.stat().st_size
    try:
        for name, data, its_rows in pictures:
            names.append(name)
            (out / name).write_bytes(data)
            rows += its_rows
        with open(table, "a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    except BaseException:  # a full disk, or Ctrl-C
        for name in names:
            (out / name).unlink(missing_ok=True)
        os.truncate(table, size)
        raise


if __name__ == "__main__":
    show_anything()
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped: no face was made.")
