"""The real servers, each run on loopback for as long as it is needed.

`start()` and `stop()` block: asyncio code calls them through `asyncio.to_thread`. Every server is a context
manager, and none outlives the process that started it.
"""
