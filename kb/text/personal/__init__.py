"""What is personal in a text: rules, one file per concern; words and forms, one file per language.

`kb.text.redact` is the way in.
"""
