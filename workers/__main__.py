"""`python -m workers`: one process that serves all queues; `nightshift worker` is the documented way."""

import asyncio

from config.logging import set_up_logging
from config.settings import load_settings
from workers.lifecycle import run

if __name__ == "__main__":
    set_up_logging()
    asyncio.run(run(load_settings()))
