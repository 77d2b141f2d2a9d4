"""JSON Schema of payloads: made from annotations, checked against values."""
