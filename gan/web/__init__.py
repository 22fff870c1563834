"""The page that needs no server: static files, and what builds them."""
