"""How the networks are used: faces without a page, links, and the page."""
