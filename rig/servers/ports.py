"""Free ports on loopback."""

import secrets
import socket

LOOPBACK = "127.0.0.1"
# Below the range that Linux gives to outgoing connections, so no client takes a port before its server does.
_FIRST, _LAST = 20_000, 32_000
_ATTEMPTS = 200
_given: set[int] = set()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that is free now and that this process has not given away before; OSError if there is none."""
    for _ in range(_ATTEMPTS):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise OSError(f"no free port on {LOOPBACK} between {_FIRST} and {_LAST} in {_ATTEMPTS} attempts")


def preferred_port(port: int) -> int:
    """The port that people know, where it is free, else another one."""
    if port not in _given and is_free(port):
        _given.add(port)
        return port
    return free_port()
