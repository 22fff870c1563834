"""The walls: who may import whom, and which library has one door."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

FILES = sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.py"), *(ROOT / "gan").rglob("*.py")])
# the library, and the one file or the one package that may import it
ONE_DOOR = {"safetensors": "gan/model/weights.py", "huggingface_hub": "gan/hub", "cv2": "gan/model/face_finder.py"}
# what a part of gan/ may not import
WALLS = {
    "model": ["train", "cards", "hub", "serve", "link"],
    "cards": ["train", "serve"],
    "train": ["serve"],
    "hub": ["train", "cards", "serve"],
    "serve": ["train"],
}
# what a package of gan/train/ may import of the others; pictures and measure where nothing is said
SHARED = {"pictures": (), "measure": ("pictures",)}
TRAINING_ONLY = {
    "accelerate",
    "datasets",
    "pyarrow",
    "torchmetrics",
    "torchinfo",
    "matplotlib",
    "tyro",
    "sklearn",
    "scipy",
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def uses(path: Path, package: str) -> bool:
    return any(name == package or name.startswith(package + ".") for name in imports(path))


def test_there_is_something_to_look_at():
    assert len(FILES) > 10 and uses(Path("gan/train/generator/loop.py"), "gan.model")


@pytest.mark.parametrize("path", FILES, ids=str)
def test_walls(path):
    top = path.parts[1] if len(path.parts) > 2 else ""
    forbidden = [f"gan.{other}" for other in WALLS.get(top, [])]
    if top == "train" and len(path.parts) > 3:
        packages = {each.parts[2] for each in FILES if each.parts[:2] == ("gan", "train") and len(each.parts) > 3}
        forbidden += [
            f"gan.train.{other}"
            for other in packages - {path.parts[2], *SHARED.get(path.parts[2], ("pictures", "measure"))}
        ]
    forbidden += [library for library, door in ONE_DOOR.items() if door not in (str(path), str(path.parent))]
    if top != "train" and path.name != "train_accelerate.py":
        forbidden += TRAINING_ONLY
    if "page" not in path.parts:
        forbidden.append("gradio")
    assert [package for package in forbidden if uses(path, package)] == []


@pytest.mark.parametrize("module", ["gan.model.latents", "gan.link"])
def test_imports_without_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_help_does_not_wait_for_torch():
    code = "import sys, train_accelerate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
