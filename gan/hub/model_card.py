"""The model card: front matter for the Hub, sections that each push renews, and text written by people, which stays."""

import re

from huggingface_hub import EvalResult, ModelCard, ModelCardData

PLACE = "THIS_REPO_OR_FOLDER"  # stands for the repo in a card that has not been pushed yet
_SECTION = re.compile(r"<!-- seedfaces:(\w+) -->.*?<!-- /seedfaces:\1 -->", re.DOTALL)


def section(name: str, text: str) -> str:
    """A part of a card that every push renews; pushes leave text outside of such parts alone."""
    return f"<!-- seedfaces:{name} -->\n{text.strip()}\n<!-- /seedfaces:{name} -->"


def card(body: str, name: str, data_name: str, metrics: dict[str, float]) -> str:
    """A model card: the front matter that the Hub reads, with the metrics, and a body in Markdown."""
    results = [
        EvalResult(
            task_type="unconditional-image-generation",
            dataset_type="image-folder",
            dataset_name=data_name,
            metric_type=metric,
            metric_value=value,
        )
        for metric, value in metrics.items()
    ]
    data = ModelCardData(
        license="other",
        license_name="as-the-training-data",
        license_link="LICENSE",
        library_name="seedfaces",
        pipeline_tag="unconditional-image-generation",
        tags=["gan", "dcgan", "face-generation"],
        **({"model_name": name, "eval_results": results} if results else {}),
    )
    return f"---\n{data.to_yaml()}\n---\n{body.lstrip()}"


def merged_card(old: str | None, new: str) -> str:
    """The new card with the text that people wrote into the old one.

    Sections between markers come from the new card; a section that was removed stays removed. A card without any
    marker is kept whole, and the sections are added at its end. In the front matter our fields are renewed; others
    stay.
    """
    if not old:
        return new
    old_card, new_card = ModelCard(old, ignore_metadata_errors=True), ModelCard(new)
    sections = {match[1]: match[0] for match in _SECTION.finditer(new_card.text)}
    if _SECTION.search(old_card.text):
        text = _SECTION.sub(lambda match: sections.get(match[1], ""), old_card.text)
    else:
        text = "\n\n".join([old_card.text.rstrip(), *sections.values()]) + "\n"
    fields = ModelCardData(**{**old_card.data.to_dict(), **new_card.data.to_dict()}, ignore_metadata_errors=True)
    return f"---\n{fields.to_yaml()}\n---\n{text.lstrip()}"
