"""Stand-in for the kubernetes provider in previews without a cluster."""
