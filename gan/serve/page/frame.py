"""The frame that joins the tabs: one view at a time, its link, and what every handler has in common."""

import functools
from collections.abc import Callable
from dataclasses import replace

import gradio as gr

from gan.link import View, decode, encode
from gan.serve.judge import Judge
from gan.serve.models import Models
from gan.serve.page.about import About
from gan.serve.page.api import Api
from gan.serve.page.components import LinkBox, Notes, Waiting, static
from gan.serve.page.gallery import Gallery
from gan.serve.page.inputs import bounded
from gan.serve.page.morph import Morph
from gan.serve.page.verdict import VerdictTab

# one shared queue: load slows the page instead of crashing it
QUEUE = {"concurrency_id": "model", "concurrency_limit": 1}
TAKE_FILE = static("save.js")


class Page:
    """All of the page. A view comes in, from a link or a control, and `show` turns it into values for all outputs."""

    def __init__(self, models: Models, judge: Judge):
        self.models = models
        # uploads are deleted after they are read; this deletes those that never were, and the files of the API
        with gr.Blocks(title="SeedFaces", analytics_enabled=False, delete_cache=(60, 300)) as self.blocks:
            gr.HTML(
                "<h1>SeedFaces</h1><p>Every face is a number. None of these people exist.</p>",
                elem_id="title",
                js_on_load=None,
            )
            self.waiting = Waiting()
            with gr.Tabs(elem_id="tabs") as self.tabs:
                with gr.Tab("Gallery", id="gallery") as gallery_tab:
                    gallery_notes, self.gallery = Notes("gallery-notes"), Gallery(models)
                with gr.Tab("Morph", id="morph") as morph_tab:
                    morph_notes, self.morph = Notes("morph-notes"), Morph(models)
                with gr.Tab("Real or fake", id="verdict") as verdict_tab:
                    verdict_notes, self.verdict = Notes("verdict-notes"), VerdictTab(models, judge)
                with gr.Tab("About", id="about") as about_tab:
                    about_notes, self.about = Notes("about-notes"), About(models, judge)
            self.link = LinkBox()
            self.parts = [self.gallery, self.morph, self.verdict, self.about]
            notes = [gallery_notes, morph_notes, verdict_notes, about_notes]
            self.outputs = [
                self.tabs,
                self.waiting,
                self.link,
                *(out for said, part in zip(notes, self.parts) for out in (said, *part.outputs)),
            ]
            for tab in (gallery_tab, morph_tab, verdict_tab, about_tab):
                tab.select(None, None, None, js=f"() => window.seedfacesTab('{tab.id}')", api_visibility="private")
            self._wire_links()
            self._wire_controls()
            self._wire_upload()
            self._wire_kept()
            self._wire_files()
            Api(models, QUEUE)

    def open(self, params) -> tuple[View, list[str]]:
        """A link's parameters → the view that they ask for, and notes on what could not be honoured."""
        view, notes = decode(params)
        if self.models.has(view.weights) and self.models.news and view.weights != self.models.current.id:
            notes.append(self.models.news)
        return view, notes

    def _other_faces(self, view: View) -> list[str]:
        """A note when the page does not have the weights of a view."""
        if self.models.has(view.weights):
            return []
        return [
            "The weights that made these faces are being fetched. Until they are here, the same seeds are shown "
            "with the current weights, so the faces differ."
            if self.models.asked_for(view.weights)
            else "These faces were made with other weights, which this page does not have. The same seeds are shown "
            "with the current weights, so the faces differ."
        ]

    def show(self, view: View, notes: list[str], weights: str = "", turns: bool = False, mark: str = "") -> list:
        """Values for all outputs; the other tabs stay unchanged.

        Args:
            view: what to show.
            notes: sentences about what could not be honoured.
            weights: the generator that the About tab describes; its link does not name one.
            turns: select the view's tab; otherwise a visitor who has left it meanwhile stays where they are.
            mark: goes behind the link, see `LinkBox`.
        """
        notes = notes + self._other_faces(view)
        waiting, asked_for = encode(view) if self._may_come(view) else "", view.weights
        view = replace(view, weights=self.models.of(view.weights).id) if view.seeds else view
        # the link names the weights of the faces shown, or those being fetched, so a reloaded page waits for them again
        link = waiting if waiting and asked_for else encode(view)
        values = [gr.Tabs(selected=view.tab) if turns else gr.skip(), waiting, link + mark]
        shown = weights if view.tab == "about" else view
        for part in self.parts:
            values += [notes, *part.render(shown)] if part.tab == view.tab else [gr.skip()] * (1 + len(part.outputs))
        return values

    def _may_come(self, view: View) -> bool:
        """Whether weights are being fetched with which this view will be shown again."""
        if not self.models.has(view.weights):
            return self.models.asked_for(view.weights)
        return self.models.coming and not view.weights

    def _on(
        self, listen: Callable, handler: Callable[..., tuple[View, list[str]]], inputs, part, turns=False, **options
    ):
        """Have an event show the view that its handler returns; `turns` selects that view's tab.

        A handler of `if_moved` may return None: the page stays unchanged.
        """

        @functools.wraps(handler)
        def shown(*arguments):
            answer = handler(*arguments)
            return self.show(*answer, turns=turns) if answer else gr.skip()

        options = {"show_progress": "minimal", "show_progress_on": [part.main]} | options
        return listen(shown, inputs, self.outputs, api_visibility="private", **QUEUE, **options)

    def _wire_links(self) -> None:
        def load(request: gr.Request):
            return self.open(dict(request.query_params))

        def navigate(event: gr.EventData):
            answers = bounded(event.answers, 0, 10**9)
            # Back may lead to another tab; without it, the visitor has selected this one
            return self.show(
                *self.open(str(event.query)),
                str(event.weights),
                turns=answers > 0,
                mark=f"#{answers}" if answers else "",
            )

        def again(waiting):
            view, notes = self.open(waiting)
            return gr.skip() if not waiting or self._may_come(view) else self.show(view, notes, mark="#again")

        # under load it may be refused, and without it the page stays empty
        self._on(self.blocks.load, load, None, self.gallery, turns=True).failure(
            None,
            None,
            None,
            js="() => setTimeout(() => location.reload(), 5000 + 5000 * Math.random())",
            api_visibility="private",
        )
        # Back may be pressed faster than views are made, and no press may be lost
        self.link.navigate(
            navigate,
            None,
            self.outputs,
            api_visibility="private",
            trigger_mode="multiple",
            show_progress="hidden",
            **QUEUE,
        )
        # asked repeatedly, until the weights are here or known to be unavailable
        self.waiting.again(again, self.waiting, self.outputs, api_visibility="private", show_progress="hidden", **QUEUE)

    def _wire_controls(self) -> None:
        g, m, link = self.gallery, self.morph, self.link

        def choose(query, event: gr.EventData):
            view, _ = decode(query)
            return replace(view, weights=self.models.of(str(event.weights)).id) if view.seeds else view, []

        controls = [link, g.seeds, g.count, *g.look]
        for listen in (g.show.click, g.seeds.submit):
            self._on(listen, g.from_controls, controls, g)
        sliders = [(g.count, g.resized, [link, g.count, *g.look])]
        sliders += [(slider, g.from_controls, controls) for slider in g.look]
        for slider, handler, inputs in sliders:
            # faces follow the slider while it is dragged; its Reset sends only `release`
            self._on(
                functools.partial(gr.on, [slider.input, slider.release]),
                if_moved(handler),
                inputs,
                g,
                trigger_mode="always_last",
                show_progress="hidden",
            )
        self._on(g.chooser.choose, choose, link, g)
        self._on(m.chooser.choose, choose, link, m)
        self._on(g.surprise.click, g.surprising, [link, g.count, *g.look], g)
        self._on(g.previous.click, g.previous_page, link, g)
        self._on(g.next.click, g.next_page, link, g)
        self._on(g.show_kept.click, g.from_kept, [link, g.kept, *g.look], g)
        self._on(g.morph_kept.click, m.from_kept, [link, g.kept], m, turns=True)
        self._on(g.card.morph, g.morph_from, link, m, turns=True)
        self._on(g.card.judge, g.judge, link, self.verdict, turns=True)
        controls = [link, m.seeds, m.frames, m.loop, *m.look]
        for listen in (m.show.click, m.seeds.submit, m.loop.input):
            self._on(listen, m.from_controls, controls, m)
        for slider in (m.frames, *m.look):
            self._on(slider.release, if_moved(m.from_controls), controls, m)

    def _wire_upload(self) -> None:
        picture, card = self.verdict.picture, self.verdict.card
        # not `input`: Paste sends it before the picture is there, and clearing afterwards would delete the picture
        judged = picture.upload(
            self.verdict.classify,
            picture,
            card,
            api_name="classify",
            show_progress_on=[card],
            trigger_mode="multiple",
            **QUEUE,
        )
        # cleared afterwards: its file is deleted, and the next picture can be dropped at once. `then` instead of
        # `success` and `failure` left a broken picture in place
        quiet = {"api_visibility": "private", "queue": False}
        judged.failure(lambda: None, None, picture, **quiet)
        # no link brings an upload back, so the link to a face that was judged before must not stay
        judged.success(lambda: (None, encode(View("verdict", ()))), None, [picture, self.link], **quiet)

    def _wire_kept(self) -> None:
        g = self.gallery
        quiet = {"api_visibility": "private", "show_progress": "hidden", **QUEUE}
        for grid in (g.grid, g.kept_faces):
            grid.pick(g.pick, self.link, g.card, **quiet)
        for listen in (g.kept.changed, self.link.other_faces):
            listen(
                g.draw_kept,
                [self.link, g.kept],
                [g.kept_faces, g.tray, g.kept_before],
                trigger_mode="always_last",
                **quiet,
            )
        g.clear_kept.click(None, None, None, js="() => window.seedfacesKept.clear()", api_visibility="private")

    def _wire_files(self) -> None:
        g = self.gallery
        file = gr.JSON(visible=False)
        for button, handler in ((g.sheet, g.sheet_file), (g.zip, g.zip_file)):
            button.click(handler, self.link, file, api_visibility="private", **QUEUE).success(
                None, file, None, js=TAKE_FILE, api_visibility="private"
            )


def if_moved(handler: Callable[..., tuple[View, list[str]]]) -> Callable[..., tuple[View, list[str]] | None]:
    """The handler of a slider, whose first input is the link, with None instead of the view that is shown already.

    A slider's number box sends `release` whenever it is clicked or left. Showing the same view again could undo the
    click that left the box. An empty box, in which the visitor is about to type a number, asks for nothing.
    """

    @functools.wraps(handler)
    def moved(query, *values):
        if None in values:
            return None
        view, notes = handler(query, *values)
        return (view, notes) if view != decode(query)[0] else None

    return moved
