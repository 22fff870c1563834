"""How the page is served, with a stand-in for the page."""

import os
from types import SimpleNamespace

import pytest

from gan import UserError
from gan.serve.page import launch


@pytest.fixture
def served(monkeypatch, tmp_path):
    """Serve a page that only notes how; returns the options of Gradio's launch()."""
    options = {}
    blocks = SimpleNamespace(queue=lambda **given: None, launch=lambda **given: options.update(given))
    monkeypatch.setattr(launch, "Models", lambda *arguments: None)
    monkeypatch.setattr(launch, "Judge", lambda *arguments: None)
    monkeypatch.setattr(launch, "Page", lambda *arguments: SimpleNamespace(blocks=blocks))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))

    def serve() -> dict:
        launch.launch(tmp_path, "faces")
        return options

    return serve


@pytest.mark.parametrize("value, share", [(None, False), ("", False), ("False", False), ("True", True), ("1", True)])
def test_the_page_is_shared_only_if_asked_for(served, monkeypatch, value, share):
    monkeypatch.delenv("GRADIO_SHARE", raising=False)
    if value is not None:
        monkeypatch.setenv("GRADIO_SHARE", value)
    assert served()["share"] is share


def test_gradios_other_variables_are_left_to_it(served):
    """An argument would take the place of GRADIO_SERVER_NAME and the like."""
    assert not {"server_name", "server_port", "root_path", "allowed_paths", "debug", "ssr_mode"} & served().keys()


def test_an_upload_folder_of_another_user_is_one_sentence(served, monkeypatch, tmp_path):
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setattr(launch, "Models", lambda *arguments: pytest.fail("checked too late"))
    if os.geteuid():
        folder.chmod(0o555)
    else:
        os.seteuid(65534)  # nobody
    try:
        with pytest.raises(
            UserError, match=f"^{folder}, where .* cannot be written .Permission denied.: set GRADIO_TE"
        ):
            served()
    finally:
        if not os.getuid():
            os.seteuid(0)
        folder.chmod(0o755)
