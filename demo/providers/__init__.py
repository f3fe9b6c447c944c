"""Rippling and Carta as local servers of their public wire formats, with one invented company behind both.

`data/` is the company; `rippling/` and `carta/` say it in each one's words; `oauth.py` gives out tokens, `faults.py` is
what can be made to go wrong.
"""
