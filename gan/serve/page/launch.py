"""Serving the page: its theme, its limits, and what runs beside Gradio's own routes."""

import os
import shutil
from pathlib import Path

import gradio as gr
import torch
from starlette.middleware import Middleware

from gan import UserError
from gan.parts import part
from gan.serve.files import MOST_BYTES
from gan.serve.judge import Judge
from gan.serve.memory import pass_over_what_is_loaded, return_memory
from gan.serve.models import Models
from gan.serve.own_folder import use_own_folder
from gan.serve.page.api_examples import ApiExamples
from gan.serve.page.components import static
from gan.serve.page.face_address import face_routes
from gan.serve.page.frame import Page
from gan.serve.page.kept_pages import KeptPages
from gan.serve.page.line import Line, keep_fair
from gan.serve.page.preview import LinkPreview, picture_route
from gan.serve.page.safety import BodyLimit
from gan.serve.page.strangers import Doors
from gan.serve.reader import READER
from gan.serve.variables import no_port

MOST_WAITING = 40  # visitors in the queue of everything that needs the model
MOST_PICTURES = 128  # outside it: a page that shows 64 faces may ask for all of them at once, for half of the places


def theme() -> gr.themes.Base:
    """Neutral greys, so that the faces stand out. System fonts: nothing is fetched from other servers."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    base = gr.themes.Base(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="stone",
        radius_size="lg",
        font=fonts,
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )
    # contrast of at least 4.5 to 1 for all text and 3 to 1 for the borders of what can be typed in, set or ticked
    return base.set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        block_label_text_color="*neutral_700",
        block_title_text_color="*neutral_700",
        color_accent="*primary_700",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_400",
        input_border_width="1px",
        button_border_width="0px",
        input_border_color="*neutral_500",
        input_border_color_dark="*neutral_400",
        input_border_color_focus="*neutral_500",
        input_border_color_focus_dark="*neutral_400",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        checkbox_border_color_focus_dark="*neutral_400",
        checkbox_border_color_hover="*neutral_500",
        checkbox_border_color_hover_dark="*neutral_400",
    )


def launch(weights: Path, default: str, wanted: str = "") -> None:
    """Build the page and serve it until stopped. The arguments are those of `Models`.

    Raises:
        UserError: a folder holds no weights, Gradio's own cannot be written, or no port is free; with one sentence.
    """
    return_memory()
    torch.set_num_threads(1)  # each core has batches of its own (gan.serve.network) and waits for no other
    folder = use_own_folder()
    READER.start()
    try:
        models = Models(weights, default, wanted)
        page = Page(models, Judge(weights / "detector")).blocks
        line = Line(MOST_PICTURES)
        page.queue(max_size=MOST_WAITING, default_concurrency_limit=1, api_open=False)
        keep_fair(page._queue)
        pass_over_what_is_loaded()
        _serve(page, models, line)
    except OSError as error:
        if "empty port" not in str(error):
            raise
        raise UserError(no_port()) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        READER.end()


def _serve(page: gr.Blocks, models: Models, line: Line) -> None:
    page.launch(
        theme=theme(),
        head=f"<style>{part('parts.css')}{part('photos.css')}{static('page.css')}</style>",
        footer_links=["api"],
        share=os.environ.get("GRADIO_SHARE", "").lower() in ("1", "true"),
        # by default Gradio keeps the last outputs of 10,000 visitors in memory, verdicts on their pictures included,
        # and inputs and outputs in the browser's storage; the page needs neither, since the link is its state
        state_session_capacity=1,
        run_history=False,
        show_error=False,
        # with it, Gradio's Node server answers for the page: no face has an address, and no header protects anybody
        ssr_mode=False,
        max_file_size=MOST_BYTES,
        app_kwargs={
            "middleware": [
                Middleware(Doors),
                Middleware(BodyLimit),
                Middleware(LinkPreview, models=models),
                Middleware(ApiExamples),
                Middleware(KeptPages),
            ],
            "routes": [picture_route(models, line), *face_routes(models, line)],
        },
    )
