"""Pulumi's tool chain, built from public Go modules where its downloads cannot be reached."""
