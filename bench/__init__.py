"""The measured cost of Second Hop: real functions and adapters, on the simulator and the small DynamoDB."""
