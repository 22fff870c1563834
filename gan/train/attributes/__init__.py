"""Attributes of faces: a network that guesses them, and the directions of a generator's latents that change them."""
