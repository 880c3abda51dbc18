"""Where each column comes from, found in the functions that the tables run, not in what is said of them."""
