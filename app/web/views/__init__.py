"""The views, by family: declarations of lists, pages and forms."""
