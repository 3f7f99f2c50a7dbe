"""The rule language: text with a grammar, checked on save, compiled once, interpreted over a working copy of a PO.

Start at `engine`: it is the only door for the floors above. Pure: standard library, lark and `app.domain.errors`.
"""
