"""The right to be forgotten: a plan by the descriptor's table of rules, its execution, and the evidence.

`python -m operations.erasure` runs it; README.md says what it does where, and what stays.
"""
