"""What is said of weights, worded once from their config, for model cards, the page and printed summaries."""
