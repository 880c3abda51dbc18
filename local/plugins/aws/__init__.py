"""Stand-in for the aws provider: S3 buckets and their settings on an S3 server of this machine."""
