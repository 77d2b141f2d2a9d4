"""The embedded server: Valkey, brought along and started where no Redis is configured."""
