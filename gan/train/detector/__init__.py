"""Training and reporting the detector behind “real or fake”."""
