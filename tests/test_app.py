"""`python app.py` as a program, and what a Space needs of this checkout."""

import re
import subprocess
import sys

from conftest import ROOT, serving

FRONT_MATTER = re.match(r"---\n(.*?)\n---\n", (ROOT / "README.md").read_text(), re.DOTALL)


def test_a_folder_without_weights_is_one_sentence(run, tmp_path):
    done = run("app.py", SEEDFACES_MODEL=str(tmp_path))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == f"Error: {tmp_path}/config.json is missing: {tmp_path} is not a complete weights folder.\n"


def test_zerogpu_finds_its_function_and_nothing_changes(tmp_path):
    """With a stand-in for the package that ZeroGPU installs, which refuses to start unless a function is decorated."""
    (tmp_path / "spaces.py").write_text(
        "def GPU(function):\n"
        f"    with open(r'{tmp_path}/decorated', 'a') as file:\n"
        "        file.write(function.__name__ + '\\n')\n    return function\n"
    )
    with serving(tmp_path / "home", PYTHONPATH=str(tmp_path)):
        assert (tmp_path / "decorated").read_text() == "gpu_name\n"


def test_the_page_imports_nothing_of_the_trainer(tmp_path):
    code = (
        "import sys, app; loaded = {name.split('.')[0] for name in sys.modules}; "
        "sys.exit(str(loaded & {'accelerate', 'datasets', 'sklearn', 'matplotlib', 'torchmetrics', 'tyro'} or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_the_front_matter_is_that_of_a_space():
    import gradio
    import yaml

    fields = yaml.safe_load(FRONT_MATTER.group(1))
    assert fields["sdk"] == "gradio" and fields["app_file"] == "app.py" and fields["license"] == "other"
    assert fields["python_version"] == "3.12" and len(fields["short_description"]) <= 60
    assert fields["sdk_version"].split(".")[0] == gradio.__version__.split(".")[0]
    assert (ROOT / fields["thumbnail"]).is_file()
