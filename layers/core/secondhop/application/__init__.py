"""Use cases, one a file, and the ports that they need. No boto3, no logging."""
