"""Who may see and do what: the scope of a reader, the session wall, roles in code, and the signed-in person."""
