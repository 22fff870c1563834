"""Which weights the page has: the current ones, and those that a link asks for."""

import logging
import os
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gan import UserError
from gan.hub_name import FULL_NAME, hub_name
from gan.model.weights import GENERATOR, identify
from gan.serve.faces import FaceModel, name_of

MOST_FETCHED = 2  # older weights that links have fetched: the most recently used stay in memory
MOST_AT_ONCE = 3  # fetches at a time, since visitors can invent links
MISSING_SECONDS = 600  # until weights that were not found may be looked for again
PAUSES = (60, 600, 3600)  # seconds before each further attempt to fetch the configured weights
UNFORESEEN = "Something went wrong on this server; its log says what."


class Offer(NamedTuple):
    """Weights that a visitor can choose."""

    id: str  # first 12 hex digits of the generator's sha256
    resolution: int  # side of a face, pixels
    name: str


class Models:
    """The default weights at once, those of a repo on the Hub once they are there, others when a visitor wants them.

    Args:
        weights: a folder that holds the embedded weights folders, and in `older/` those of older links, named by id.
        default: the name of the embedded weights that are shown first.
        wanted: a weights folder, or `user/name[@revision]` on the Hub, to show first instead.

    Raises:
        UserError: a folder is not a weights folder, or `wanted` is neither a folder nor a name; with one sentence.
    """

    def __init__(self, weights: Path, default: str, wanted: str = ""):
        self.repo = ""  # where links may find older weights
        self.news = ""  # for visitors, until the wanted weights are there
        self.coming = False  # whether they are being fetched
        self._fetched: dict[str, FaceModel | None] = {}  # by generator id; None: being fetched
        self._missing: dict[str, float] = {}  # by generator id: when it was not found, in seconds of time.monotonic
        self._lock = threading.Lock()
        self._opened = lru_cache(self._open)
        self._folders = {path.parent.name: path.parent for path in weights.glob(f"older/*/{GENERATOR}")}  # by id
        self._first, self._others = FaceModel(weights / default), []
        for path in sorted(weights.glob(f"*/{GENERATOR}")):
            if path.parent.name != default:  # opened when somebody wants it
                settings, generator_id = identify(path.parent)
                self._folders[generator_id] = path.parent
                self._others.append(Offer(generator_id, settings.resolution, name_of(path.parent)))
        wanted = hub_name(os.path.expanduser(wanted))
        self.current = FaceModel(wanted) if wanted and Path(wanted).is_dir() else self._first
        if wanted and not Path(wanted).is_dir():
            if Path(wanted).exists():
                raise UserError(f"SEEDFACES_MODEL={wanted} is a file: name the folder of weights that holds it.")
            if not FULL_NAME.fullmatch(wanted):
                raise UserError(
                    f"SEEDFACES_MODEL={wanted} is neither a folder of weights nor a repo on the Hub (user/name)."
                )
            self.repo, _, revision = wanted.partition("@")
            self.news = f"The weights of {wanted} are being fetched; until then, the page shows the embedded ones."
            self.coming = True
            self._start(self._take_over, wanted, revision or None)

    @property
    def embedded(self) -> list[FaceModel]:
        """All that can be chosen without the Hub, opened; the default first."""
        others = [self._opened(offer.id) for offer in self._others]
        return [self._first, *filter(None, others)]

    @property
    def offered(self) -> list[Offer]:
        """What a visitor can choose between, small faces first."""
        opened = [Offer(model.id, model.resolution, model.name) for model in (self._first, self.current)]
        different = {offer.id: offer for offer in (opened[0], *self._others, opened[1])}
        return sorted(different.values(), key=lambda offer: offer.resolution)

    def of(self, generator_id: str) -> FaceModel:
        """The model with that generator, or the current one if it is not loaded."""
        for model in (self.current, self._first):
            if model.id == generator_id:
                return model
        # what nobody has is not remembered: visitors can invent links
        there = self._opened(generator_id) if generator_id in self._folders else self._fetched_model(generator_id)
        return there or self.current

    def has(self, generator_id: str) -> bool:
        """Whether the weights that a link asks for are available; a link without weights asks for the current ones."""
        return not generator_id or self.of(generator_id).id == generator_id

    def asked_for(self, generator_id: str) -> bool:
        """Begin to fetch the weights of a link, from the configured repo only. Returns whether they may still come."""
        with self._lock:
            if generator_id in self._fetched:
                return True
            being_fetched = [name for name, model in self._fetched.items() if model is None]
            lately = time.monotonic() - self._missing.get(generator_id, -MISSING_SECONDS) < MISSING_SECONDS
            if not self.repo or lately or len(being_fetched) >= MOST_AT_ONCE:
                return False
            try:
                self._start(self._fetch, generator_id)
            except RuntimeError:  # the machine has no thread left
                return False
            self._fetched[generator_id] = None
            return True

    def _fetched_model(self, generator_id: str) -> FaceModel | None:
        """Weights that a link has fetched; the most recently used are kept longest."""
        with self._lock:
            model = self._fetched.get(generator_id)
            if model:
                self._fetched[generator_id] = self._fetched.pop(generator_id)
            return model

    def _open(self, generator_id: str) -> FaceModel | None:
        """Embedded weights that are not the default; None if they are missing or damaged."""
        try:
            return FaceModel(self._folders[generator_id])
        except UserError:
            return None

    def _fetch(self, generator_id: str) -> None:
        """Fetch the weights of a link: whatever happens, they end up available or recorded as missing."""
        found, _ = self._pulled(f"g-{generator_id}")
        with self._lock:
            if found is None or found.id != generator_id:  # whoever can push can move a tag
                del self._fetched[generator_id]
                self._missing = dict(list(self._missing.items())[-1000:]) | {generator_id: time.monotonic()}
                return
            self._fetched[generator_id] = found
            kept = [name for name, model in self._fetched.items() if model]
            for name in kept[:-MOST_FETCHED]:
                del self._fetched[name]

    def _take_over(self, wanted: str, revision: str | None) -> None:
        """Fetch the wanted weights: whatever happens, they become the current ones or visitors are told why not."""
        for pause in (*PAUSES, None):
            found, trouble = self._pulled(revision)
            if found:
                self.current = found
                self.news, self.coming = "", False
                return
            self.news = f"The weights of {wanted} could not be fetched, so the page shows the embedded ones. {trouble}"
            self.coming = False
            if pause:
                time.sleep(pause)

    def _pulled(self, revision: str | None) -> tuple[FaceModel | None, str]:
        """Weights of the configured repo, or a sentence for visitors on why there are none."""
        try:
            return FaceModel.from_pretrained(self.repo, revision), ""
        except UserError as error:
            return None, str(error)
        except BaseException:  # not only Exception: a panic in a Rust library is a BaseException
            logging.getLogger(__name__).exception("%s at %s could not be fetched", self.repo, revision or "its newest")
            return None, UNFORESEEN

    def _start(self, work, *arguments) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()
