"""The stack's components, one a module. Nothing is imported here, or all SDKs would load with each."""
