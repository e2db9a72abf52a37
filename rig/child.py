"""Tying a child process to our life, so that nothing goes on after we were killed."""

import signal
import sys
from collections.abc import Sequence


def tied(argv: Sequence[str], death_signal: signal.Signals = signal.SIGKILL, user: str | None = None) -> list[str]:
    """The command behind `setpriv` (util-linux), which has Linux send it a signal when its starter dies.

    "Starter" is the thread that starts it, which must therefore live as long as the child may. `user` is the
    account to run as, which only root can choose. On other systems the command is returned as it is.
    """
    if not sys.platform.startswith("linux"):
        return list(argv)
    account = ["--reuid", user, "--regid", user, "--init-groups"] if user else []
    return ["setpriv", *account, "--pdeathsig", death_signal.name.removeprefix("SIG"), "--", *argv]
