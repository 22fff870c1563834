"""Learn a face descriptor and index the seeds of generators with it."""
