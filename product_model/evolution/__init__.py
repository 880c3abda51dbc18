"""What changed since a release, how bad it is for whom, and which version it asks for.

Compared is what others hold in their hands: published contracts, event schemas, tables, the stack's outputs.
"""
