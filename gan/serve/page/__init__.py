"""The page: the only importer of gradio. One file per tab, and the frame that joins them."""
