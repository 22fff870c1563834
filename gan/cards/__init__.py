"""Facts about weights, worded once from their config, for model cards, the page and printed summaries."""
