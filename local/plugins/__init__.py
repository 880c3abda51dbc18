"""Provider plugins that stand in for a cloud on one machine."""
