"""The frame that joins the tabs: one view at a time, its link, and what every handler has in common."""

import json
from collections.abc import Callable
from dataclasses import replace

import gradio as gr

from gan.link import LOOK, View, decode, encode
from gan.link_text import pasted
from gan.serve.judge import Judge
from gan.serve.models import Models
from gan.serve.page import uploads
from gan.serve.page.about import About
from gan.serve.page.api import Api, Blocks
from gan.serve.page.components import FaceCard, LinkBox, Notes, Waiting, static
from gan.serve.page.find import FindTab
from gan.serve.page.gallery import Gallery
from gan.serve.page.inputs import Sent, listed
from gan.serve.page.kept import KeptFaces
from gan.serve.page.line import AT_ONCE
from gan.serve.page.morph import Morph
from gan.serve.page.sliders import Slider, as_generated, look_of
from gan.serve.page.verdict import VerdictTab

# two lines for all visitors: load slows the page instead of crashing it
QUEUE = {"concurrency_id": "model", "concurrency_limit": AT_ONCE}
UPLOADS = {"concurrency_id": "uploads", "concurrency_limit": 1}  # a photo may take 200 MB while it is read
QUIET = {"api_visibility": "private"}  # of events that only run in the browser
TAKE_FILE = static("save.js")


class Page:
    """All of the page. A view comes in, from a link or a control, and `show` turns it into values for all outputs."""

    def __init__(self, models: Models, judge: Judge):
        self.models = models
        with Blocks(title="SeedFaces", analytics_enabled=False) as self.blocks:
            gr.HTML(
                "<h1>SeedFaces</h1><p>Every face is a number. None of these people exist.</p>",
                elem_id="title",
                js_on_load=None,
            )
            self.waiting = Waiting()
            with gr.Tabs(elem_id="tabs") as self.tabs:
                with gr.Tab("Gallery", id="gallery") as gallery_tab:
                    gallery_notes, self.gallery = Notes("gallery-notes"), Gallery(models)
                    self.kept = KeptFaces(models)
                with gr.Tab("Morph", id="morph") as morph_tab:
                    morph_notes, self.morph = Notes("morph-notes"), Morph(models)
                with gr.Tab("Find", id="find") as find_tab:
                    find_notes, self.find = Notes("find-notes"), FindTab(models)
                with gr.Tab("Real or fake", id="verdict") as verdict_tab:
                    verdict_notes, self.verdict = Notes("verdict-notes"), VerdictTab(models, judge)
                with gr.Tab("About", id="about") as about_tab:
                    about_notes, self.about = Notes("about-notes"), About(models, judge)
            self.link, self.card = LinkBox(), FaceCard()
            parts = self.gallery, self.morph, self.find, self.verdict, self.about
            self.by_tab = {part.tab: part for part in parts}
            self.actions = {(part.tab, name): act for part in parts[:2] for name, act in self._actions(part).items()}
            self.actions |= {(self.find.tab, name): act for name, act in self.find.actions.items()}
            notes = [gallery_notes, morph_notes, find_notes, verdict_notes, about_notes]
            self.outputs = [self.tabs, self.waiting, self.link]
            for top, part in zip(notes, parts):
                self.outputs += [top, *said_of(part), *part.outputs]
            for tab in (gallery_tab, morph_tab, find_tab, verdict_tab, about_tab):
                tab.select(None, None, None, js=f"() => window.seedfacesTab('{tab.id}')", api_visibility="private")
            self._wire_views()
            self._wire_controls()
            self._wire_uploads()
            self._wire_kept()
            self._wire_files()
            Api(models, QUEUE)

    def _actions(self, part: Gallery | Morph) -> dict[str, Callable]:
        """What a visitor can do in a tab: name → function of its view and a value."""

        def choose(view: View, weights):
            # other weights have directions of their own
            return replace(view, weights=self.models.of(str(weights)).id, look=replace(view.look, directions="")), []

        def unshaped(view: View, _):
            return replace(view, look=as_generated(view.look)), []

        def looking(name: str):
            return lambda view, value: (replace(view, look=look_of({name: value}, view.look)), [])

        actions = {"weights": choose, "unshaped": unshaped, **{name: looking(name) for name in LOOK}, **part.actions}
        if part is self.gallery:
            actions["kept"] = self.kept.in_gallery
            actions["morph kept"] = self.kept.in_morph
        return actions

    def open(self, params) -> tuple[View, list[str]]:
        """A link's parameters → the view that they ask for, and notes on what could not be honoured."""
        view, notes = decode(params)
        if self.models.has(view.weights) and self.models.news and view.weights != self.models.current.id:
            notes.append(self.models.news)
        return view, notes

    def _other_faces(self, view: View) -> list[str]:
        """A note when the page does not have the weights of a view, or they cannot show its look."""
        if self.models.has(view.weights):
            cannot = self.models.of(view.weights).cannot(view.look)
            return [f"{cannot} The faces are shown as near to that as possible."] if cannot else []
        return [
            "The weights that made these faces are being fetched. Until they are here, the same seeds are shown "
            "with the current weights, so the faces differ."
            if self.models.asked_for(view.weights)
            else "These faces were made with other weights, which this page does not have. The same seeds are shown "
            "with the current weights, so the faces differ."
        ]

    def show(
        self,
        view: View,
        notes: list[str],
        said: list[str] = (),
        typed: bool = False,
        weights: str = "",
        turns: bool = False,
        arrived: bool = False,
        **answer,
    ) -> list:
        """Values for all outputs; the other tabs stay unchanged.

        Args:
            view: what to show.
            notes: sentences about what of a link could not be honoured.
            said: sentences about what the visitor did, shown beside the controls.
            typed: they are about what is in the seeds box, which stays to be corrected.
            weights: the generator that the About tab describes; its link does not name one.
            turns: select the view's tab; otherwise a visitor who has left it meanwhile stays where they are.
            arrived: the view comes from a link or from Back, so all controls follow it.
            answer: more for the value of the link, see `LinkBox`.
        """
        notes = notes + self._other_faces(view)
        waiting, asked_for = encode(view) if self._may_come(view) else "", view.weights
        if view.seeds:
            model = self.models.of(view.weights)
            view = replace(view, weights=model.id, look=model.fitting(view.look))
        part, controls = self.by_tab[view.tab], {}
        rendered = [weights if view.tab == "about" else view]
        if part in (self.gallery, self.morph):
            rendered.append(arrived)
            controls = part.settings(view, arrived)
            if said and typed:
                del controls["seeds"]
        # the link names the weights of the faces shown, or those being fetched, so a reloaded page waits for them again
        link = {
            "query": waiting if waiting and asked_for else encode(view),
            "turned": turns,
            "controls": controls,
            "waiting": bool(waiting),
        }
        values = [gr.Tabs(selected=view.tab) if turns else gr.skip(), waiting, link | answer]
        for each in self.by_tab.values():
            if each is part:
                made = part.render(*rendered)
                values += [notes, *[list(said)] * len(said_of(part)), *made]
            else:
                values += [gr.skip()] * (1 + len(said_of(each)) + len(each.outputs))
        return values

    def _may_come(self, view: View) -> bool:
        """Whether weights are being fetched with which this view will be shown again."""
        if not self.models.has(view.weights):
            return self.models.asked_for(view.weights)
        return self.models.coming and not view.weights

    def _wire_views(self) -> None:
        def load(request: gr.Request):
            view, notes = self.open(dict(request.query_params))
            # a visitor may have chosen another tab before the page had its first view
            return self.show(view, notes, turns=view.tab != "gallery", arrived=True)

        def again(waiting):
            view, notes = self.open(waiting)
            return gr.skip() if not waiting or self._may_come(view) else self.show(view, notes, again=True)

        options = {"api_visibility": "private", **QUEUE}
        # under load it may be refused, and without it the page stays empty
        self.blocks.load(
            load, None, self.outputs, show_progress="minimal", show_progress_on=[self.gallery.grid], **options
        ).failure(
            None, None, None, js="() => setTimeout(() => location.reload(), 5000 + 5000 * Math.random())", **QUIET
        )
        # the browser asks one question at a time, and shows by itself that it waits
        self.link.ask(
            self.answer, None, self.outputs, trigger_mode="multiple", show_progress="hidden", **options
        ).failure(None, None, None, js="() => window.seedfacesRefused()", **QUIET)
        # asked repeatedly, until the weights are here or known to be unavailable
        self.waiting.again(again, self.waiting, self.outputs, show_progress="hidden", **options)

    def answer(self, event: Sent) -> list:
        """What the visitor has done, in order, → values for all outputs: `static/actions.js` asks.

        The event holds `base`, the query of the view where it began; `at`, the tab that is shown; `weights`, those seen
        last; and `actions`, a list of `[number, tab, name, value]`. An action that leads to another tab is the last one
        answered: what was done meanwhile belongs to the tab that is left.
        """
        (view, _), notes, said = decode(str(event.base)), [], []
        upto, arrived, name = 0, False, ""
        for number, tab, name, value in listed(event.actions):
            # people paste links where they type seeds
            link = pasted(str(value[0] if isinstance(value, list) and value else value)) if name == "seeds" else ""
            if name == "go" or link:
                (view, notes), said, arrived = self.open(link or str(value)), [], True
            elif act := self.actions.get((tab, name)):
                view, said = act(self.by_tab[tab].of(view), value)
            upto = number
            if view.tab != tab:
                break
        more = {"turns": view.tab != event.at, "arrived": arrived, "upto": upto}
        return self.show(view, notes, said, name == "seeds", str(event.weights), **more)

    def _wire_controls(self) -> None:
        g, m = self.gallery, self.morph
        for part in (g, m):
            for name, control in part.controls.items():
                place = f"'{part.tab}', '{name}'"
                if isinstance(control, Slider):
                    control.input(None, control, None, js=f"value => window.seedfacesSet({place}, value)", **QUIET)
                    # also of its Reset, and of its number box that is left empty, where Gradio shows the least
                    ends = f"{control.minimum}, {control.maximum}"
                    js = f"value => window.seedfacesReleased({place}, value, {ends})"
                    control.release(None, control, control, js=js, **QUIET)
                elif isinstance(control, gr.Checkbox):
                    control.input(
                        None, control, None, js=f"value => window.seedfacesAct({place}, value, value)", **QUIET
                    )
            typed = [part.controls["seeds"], *([part.controls["count"]] if part is g else [])]
            gr.on(
                [part.submit.click, part.controls["seeds"].submit],
                None,
                typed,
                None,
                js=f"(text, ...more) => window.seedfacesAct('{part.tab}', 'seeds', "
                "more.length ? [text, ...more] : text, text)",
                **QUIET,
            )
        for button, tab, name, inputs in (
            (g.shape.reset, "gallery", "unshaped", None),
            (m.shape.reset, "morph", "unshaped", None),
            (g.surprise, "gallery", "surprise", g.controls["count"]),
            (g.previous, "gallery", "previous", None),
            (g.next, "gallery", "next", None),
            (self.find.gallery, "find", "gallery", None),
        ):
            button.click(None, inputs, None, js=f"value => window.seedfacesAct('{tab}', '{name}', value)", **QUIET)
        # the controls of a view that came by a link, unless the visitor has changed them meanwhile
        named = [(part.tab, name, control) for part in (g, m) for name, control in part.controls.items()]
        first, controls = [[tab, name, control.value] for tab, name, control in named], [each[2] for each in named]
        js = f"(...values) => window.seedfacesControls({json.dumps(first)}, values)"
        self.link.settle(None, controls, controls, js=js, **QUIET)

    def _wire_uploads(self) -> None:
        verdict, find = self.verdict, self.find
        # no link brings an upload back, so the link to a face that was judged before must not stay
        link = {self.link: {"query": encode(View("verdict", ()))}}
        uploads.wire(verdict.picture, verdict.card, verdict.judge_upload, link, UPLOADS)
        uploads.wire(find.picture, find.card, find.find_upload, {}, UPLOADS)
        for tab, endpoint, name in ((verdict, verdict.classify, "classify"), (find, find.find, "find")):
            gr.Button(visible=False).click(endpoint, tab.picture, tab.card, api_name=name, **UPLOADS)

    def _wire_kept(self) -> None:
        card, tray = self.card, self.kept.tray
        # the browser asks one question at a time, and under load it may be refused
        for listen, handler, output, script in (
            (card.pick, self.gallery.pick, card, "seedfacesCard"),
            (tray.draw, self.kept.draw, tray, "seedfacesKept"),
        ):
            listen(
                handler,
                None,
                output,
                api_visibility="private",
                show_progress="hidden",
                trigger_mode="multiple",
                **QUEUE,
            ).failure(None, None, None, js=f"() => window.{script}.refused()", **QUIET)

    def _wire_files(self) -> None:
        g, m, file = self.gallery, self.morph, gr.JSON(visible=False)
        for listen, handler, place in (
            (g.sheet.click, g.sheet_file, g.grid),
            (g.zip.click, g.zip_file, g.grid),
            (m.player.file, m.file, m.player),
        ):
            listen(handler, self.link, file, api_visibility="private", show_progress_on=[place], **QUEUE).success(
                None, file, None, js=TAKE_FILE, api_visibility="private"
            )


def said_of(part) -> list[Notes]:
    """The place in a tab for sentences about what the visitor did there, if it has one."""
    return [part.said] if hasattr(part, "said") else []
