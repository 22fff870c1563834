"""“Use via API”: the examples that the page prints run as printed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

# what the answer of each endpoint holds when it worked
ANSWERS = {
    "/classify": "probability_generated",
    "/find": "made_by",
    "/generate": "v=1&seeds=0-15&",
    "/morph": "tab=morph&seeds=4,13,17&",
}
RUN = {"Python": [sys.executable, "-c"], "cURL": ["bash", "-c"], "CLI": ["bash", "-c"]}


@pytest.fixture
def printed(address, page) -> dict[str, dict[str, str]]:
    """The examples of the page: language → endpoint → code."""
    page.goto(f"{address}/?seeds=1")
    expect(page.get_by_alt_text("Face of seed 1", exact=True)).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Use via API").click()
    examples = {}
    for language in (*RUN, "JavaScript"):
        page.locator(".snippet", has_text=language).click()
        mark = {"Python": "client.predict(", "cURL": "curl -N", "CLI": "gradio predict", "JavaScript": "await client"}
        code = page.locator("pre", has_text=mark[language]).filter(visible=True)
        expect(code).to_have_count(len(ANSWERS))
        texts = code.all_inner_texts()
        examples[language] = {name: next(text for text in texts if name in text) for name in ANSWERS}
    return examples


def test_the_examples_run_as_printed(printed, address, tmp_path):
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    runs = [(language, name) for language in ("Python", "cURL") for name in ANSWERS] + [("CLI", "/generate")]
    for language, name in runs:
        done = subprocess.run(
            [*RUN[language], printed[language][name]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ANSWERS[name] in done.stdout, (language, name, printed[language][name], done)
    code = printed["JavaScript"]["/classify"]  # no client for it comes as a Python package
    assert f'fetch("{address}/face/1003.png?variation=1&w=' in code and "Hello!!" not in str(printed)
