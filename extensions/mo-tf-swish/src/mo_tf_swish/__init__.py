"""The custom op AcmeSwish for mo-tensorflow."""
