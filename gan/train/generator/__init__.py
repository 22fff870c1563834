"""Training the generator: the loop, its step, and what it writes."""
