"""The pure core: what a purchase order is and how it moves.

Standard library only. Nothing here reads a clock, a database or a setting: the instant is always an argument.
"""
