"""The adapters that the settings name, built in one place for workers, starter and doctor alike.

Nothing connects here: an adapter opens its connection when it is first asked. One module for each kind, so that a
command that only reads the store does not load every vendor's client.
"""
