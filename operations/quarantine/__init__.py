"""What breaks the contract: kept with its reason on a topic of its own, and sent again once corrected."""
