"""The stores: what sends Calls and Asks to Redis, one for each way to wait."""
