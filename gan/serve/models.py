"""Which weights the page has: the current ones, and those that a link asks for."""

import re
import threading
import time
from functools import lru_cache
from pathlib import Path

from gan import UserError
from gan.model.weights import GENERATOR
from gan.serve.faces import FaceModel

MOST_FETCHED = 2  # older weights that are kept in memory for links, those that were last looked at
MOST_AT_ONCE = 3  # fetches under way; anybody can invent links
MISSING_SECONDS = 600  # for which weights that were not found are not looked for again
PAUSES = (60, 600, 3600)  # seconds until the configured weights are asked for again when they did not come
NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")


class Models:
    """The embedded weights at once, those of a repo on the Hub when they are there, older ones when a link asks for them.

    Args:
        weights: a folder of weights folders, the embedded ones; those of older links are in `older/`, named by their ids.
        default: the name of the embedded weights that come first.
        wanted: another weights folder, or `user/name[@revision]` on the Hub, to come first in their place.

    Raises:
        UserError: a folder is not one of weights, or `wanted` is neither a folder nor a name; with one sentence.
    """

    def __init__(self, weights: Path, default: str, wanted: str = ""):
        self.repo = ""  # where links may find older weights
        self.news = ""  # one sentence about wanted weights that are not there
        self.coming = False  # whether they may still come
        self._fetched: dict[str, FaceModel | None] = {}  # by generator id; None: under way
        self._missing: dict[str, float] = {}  # asked for in vain, and when
        self._lock = threading.Lock()
        self._older_model = lru_cache(self._open_older)
        self._older = {path.parent.name: path.parent for path in weights.glob(f"older/*/{GENERATOR}")}
        others = [path.parent for path in sorted(weights.glob(f"*/{GENERATOR}")) if path.parent.name != default]
        self.embedded = [FaceModel(folder) for folder in (weights / default, *others)]
        self.current = FaceModel(wanted) if wanted and Path(wanted).is_dir() else self.embedded[0]
        if wanted and not Path(wanted).is_dir():
            if not NAME.fullmatch(wanted):
                raise UserError(
                    f"SEEDFACES_MODEL={wanted} is neither a folder of weights nor a repo on the Hub (user/name)."
                )
            self.repo, _, revision = wanted.partition("@")
            self.news, self.coming = (
                f"The weights of {wanted} are being fetched; until then, these are the embedded ones.",
                True,
            )
            self._start(self._take_over, wanted, revision or None)

    @property
    def offered(self) -> list[FaceModel]:
        """What a visitor can choose between, small faces first."""
        different = {model.id: model for model in (*self.embedded, self.current)}
        return sorted(different.values(), key=lambda model: model.resolution)

    def of(self, generator_id: str) -> FaceModel:
        """The model with that generator, or the current one where it is not at hand."""
        for model in (self.current, *self.embedded):
            if model.id == generator_id:
                return model
        return self._older_model(generator_id) or self._fetched_model(generator_id) or self.current

    def has(self, generator_id: str) -> bool:
        """Whether what a link asks for is at hand; a link without weights asks for the current ones."""
        return not generator_id or self.of(generator_id).id == generator_id

    def asked_for(self, generator_id: str) -> bool:
        """Begin to look for the weights of a link, in the configured repo only. Whether they may still come."""
        with self._lock:
            under_way = [name for name, model in self._fetched.items() if model is None]
            if generator_id in under_way:
                return True
            lately = time.monotonic() - self._missing.get(generator_id, -MISSING_SECONDS) < MISSING_SECONDS
            if not self.repo or lately or len(under_way) >= MOST_AT_ONCE:
                return False
            self._fetched[generator_id] = None
            self._start(self._fetch, generator_id)
            return True

    def _fetched_model(self, generator_id: str) -> FaceModel | None:
        """Weights that a link has fetched; those that somebody looks at are the last to go."""
        with self._lock:
            model = self._fetched.get(generator_id)
            if model:
                self._fetched[generator_id] = self._fetched.pop(generator_id)
            return model

    def _open_older(self, generator_id: str) -> FaceModel | None:
        """Embedded weights that are not offered any more; None where there are none, or they are damaged."""
        try:
            return FaceModel(self._older[generator_id]) if generator_id in self._older else None
        except UserError:
            return None

    def _fetch(self, generator_id: str) -> None:
        try:
            found = FaceModel.from_pretrained(self.repo, f"g-{generator_id}")
            if found.id != generator_id:
                raise UserError(f"The tag g-{generator_id} of {self.repo} is at other weights.")
        except UserError:
            with self._lock:
                del self._fetched[generator_id]
                self._missing = dict(list(self._missing.items())[-1000:]) | {generator_id: time.monotonic()}
            return
        with self._lock:
            self._fetched[generator_id] = found
            kept = [name for name, model in self._fetched.items() if model]
            for name in kept[:-MOST_FETCHED]:
                del self._fetched[name]

    def _take_over(self, wanted: str, revision: str | None) -> None:
        for pause in (*PAUSES, None):
            try:
                self.current = FaceModel.from_pretrained(self.repo, revision)
                self.news, self.coming = "", False
                return
            except UserError as error:
                self.news, self.coming = (
                    f"The weights of {wanted} did not come, so these are the embedded ones. {error}",
                    False,
                )
            if pause:
                time.sleep(pause)

    def _start(self, work, *arguments) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()
