"""For requests to servers on this machine, which speak plain HTTP."""

import ssl
from typing import Final

PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""httpx's `verify`: trusts nobody, so that https is refused.

Without it every client, and each `httpx.get` makes one, reads the certificates of all authorities first: 30 ms of CPU,
also where nothing is encrypted. What is asked again and again, such as whether a server is ready, passes it.
"""
