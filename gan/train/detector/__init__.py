"""The detector behind “real or fake”: its training and its report."""
