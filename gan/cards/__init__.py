"""What is said of weights, once: for model cards and the page."""
