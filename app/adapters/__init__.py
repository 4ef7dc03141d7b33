"""Other systems' webhooks as our input events: pure mappings, one module per vendor, and one that a YAML file declares.

A mapping takes a body that was already proved genuine (`app.adapters.signatures`) and returns events that
`encode_event` accepts, or raises InvalidRecord that names the vendor's own field.
"""
