"""Stand-ins for providers in previews without credentials: they check, plan, and change nothing."""
