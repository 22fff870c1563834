"""The static page in every browser of this machine: Chromium, Firefox and WebKit.

    apt-get install chromium chromium-driver firefox-esr webkit2gtk-driver xvfb
    python -m tests.browsers

says for each browser whether its modules compute what Python does, and whether the page keeps its promises. CI has
Chromium only, by Playwright, which drives no Firefox and no WebKit of Debian.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from threading import Thread

from gan.web.build import DETECTOR, WEIGHTS, build

from .drivers import BROWSERS, driven, missing
from .module_checks import check, photos, run, site
from .page_checks import DARK, OFFLINE, ONLINE
from .photo_checks import Given, comparison
from .visitor import Visitor

WATCHED = '<script src="watch.js"></script>'
PHONE = """<!doctype html><link rel="icon" href="icon.svg">
<style>body { margin: 0 } iframe { border: 0 }</style><iframe></iframe>"""


class Files(SimpleHTTPRequestHandler):
    """`python -m http.server`, which keeps what it could not answer."""

    def __init__(self, *args, refused: list[str], **options):
        self.refused = refused
        super().__init__(*args, **options)

    def log_request(self, code="-", size="-"):
        if int(code) >= 400:
            self.refused.append(f"{self.path}: {int(code)}")

    def log_message(self, *_):
        pass

    def copyfile(self, *given):
        with suppress(ConnectionError):  # the visitor has left
            super().copyfile(*given)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a folder, and a list of what was asked for that it does not hold."""
    refused = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, refused=refused, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", refused
        server.shutdown()


def build_watched(out: Path) -> None:
    """The page as it is published, and before everything else watch.js; phone.html shows it in a frame."""
    build(out, [])
    page, worker = out / "index.html", out / "sw.js"
    page.write_text(page.read_text("utf-8").replace("<title>", f"{WATCHED}<title>"), "utf-8")
    worker.write_text(worker.read_text("utf-8").replace('FILES = ["./"', 'FILES = ["./", "watch.js"'), "utf-8")
    (out / "watch.js").write_bytes(Path(__file__).with_name("watch.js").read_bytes())
    (out / "phone.html").write_text(PHONE)


def modules_in(name: str, folder: Path, expected: dict) -> tuple[str, str]:
    """What was compared and "yes", or what differs from Python."""
    with driven(name) as driver:
        version = driver.capabilities["browserVersion"]
        faults = check(run(driver, folder), expected)
    return f"the modules in {name} {version} compute what Python does", "; ".join(faults) or "yes"


def page_in(name: str, folder: Path, given: Given) -> Iterator[tuple[str, str]]:
    """Each promise of the page and "yes", or what is wrong."""
    with driven(name) as driver:
        with serving(folder) as (site, refused):
            visitor = Visitor(driver, site)
            yield from kept(visitor, given, ONLINE, refused)
        yield from kept(visitor, given, OFFLINE, refused)
    with driven(name, dark=True) as driver, serving(folder) as (site, refused):
        yield from kept(Visitor(driver, site), given, DARK, refused)


def kept(visitor: Visitor, given: Given, checks: Iterable[Callable], refused: list[str]) -> Iterator[tuple[str, str]]:
    for promise in checks:
        faults = [*errors(lambda promise=promise: promise(visitor, given)), *refused]
        faults += errors(lambda faults=faults: faults.extend(visitor.faults()))
        yield promise.__doc__, "; ".join(faults) or "yes"
        refused.clear()


def errors(step: Callable[[], None]) -> list[str]:
    """What a step raises, in one line: the others follow all the same."""
    try:
        step()
    except Exception as error:
        return [f"{type(error).__name__}: {error}".partition("\n")[0]]
    return []


def main() -> int:
    names = [name for name in BROWSERS if not missing(name)]
    for name in BROWSERS:
        if name not in names:
            print(f"{name}: not on this machine, which has no {', '.join(missing(name))}")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        modules, page, pictures = (Path(folder, each) for each in ("modules", "page", "pictures"))
        modules.mkdir()
        pictures.mkdir()
        site(modules)
        build_watched(page)
        expected, given = photos(modules), comparison(pictures, WEIGHTS, DETECTOR)
        for name in names:
            print(f"\n{name}")
            for promise, said in chain([modules_in(name, modules, expected)], page_in(name, page, given)):
                print(f"{'' if said == 'yes' else 'NO  '}{promise}: {said}", flush=True)
                failed += said != "yes"
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
