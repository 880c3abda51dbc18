"""What the product publishes for others to read, made from the descriptor and the events' contract.

`make contracts` writes the files, a check of `make check-product` tells one that was changed by hand.
"""
