"""The read side: lists, choices, and what a page shows. All of it goes through the wall of the page's session."""
