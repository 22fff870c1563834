"""What is said of a detector's verdicts on generators that it was not trained on, each source left out once."""

from gan.cards.fact import Fact
from gan.model.config import CONFIG, config_errors


def facts(config: dict) -> list[Fact]:
    """Verdicts on sources that were left out of training, one after the other."""
    if "unseen" not in config:
        return []
    measured = config["unseen"]["report"]
    of = measured["sources"].values()
    made, now, again = [one for one in of if one["generated"]], measured["as_they_are"], measured["saved_again"]
    shares = ("likely_real", "likely_generated", "cannot_tell")
    return [
        Fact(
            "Other generators",
            f"{sum(one['pictures'] for one in of):,} faces from {len(made)} other generators and {len(of) - len(made)} "
            "collections of photographs. Each source was judged by what was learned without it, with thresholds from "
            f"the others. AUROC {now['auroc']:.2f} over all, {now['median']:.2f} for the median generator; "
            f"{again['auroc']:.2f} and {again['median']:.2f} after another resize or JPEG. Means over sources:",
            table=(
                ("", "likely real", "likely generated", "can't tell"),
                *(
                    (words, *(percent(measured[kind][share]) for share in shares))
                    for kind, words in (("real", "photographs"), ("generated", "other generators"))
                ),
            ),
        )
    ]


def table(config: dict) -> tuple[tuple[str, ...], ...]:
    """A row for each source that was left out once, the header first; none where nothing was learned from sources.

    Raises:
        UserError: the config is malformed; with one sentence.
    """
    with config_errors(f"“unseen” in {CONFIG}"):
        of = config.get("unseen", {}).get("report", {}).get("sources", {})
        rows = [
            (
                name,
                "generated" if one["generated"] else "real",
                f"{one['pictures']:,}",
                f"{one['auroc']:.2f}" if "auroc" in one else "–",
                *(percent(one[verdict]) for verdict in ("likely_real", "likely_generated", "cannot_tell")),
            )
            for name, one in sorted(of.items(), key=lambda item: (item[1]["generated"], item[0]))
        ]
    return ("source", "kind", "faces", "AUROC", "likely real", "likely generated", "can't tell"), *rows


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
