"""Runs an asynchronous job as the worker would, whatever ran before in this thread."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import async_to_sync


def run_job(function: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
    """Run the job to its end and return what it returns.

    Playwright keeps its own loop running in this thread until the session ends, and asgiref
    refuses to start beside a running loop: we step out of it for the time of the job.
    """
    around = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return async_to_sync(function)(**arguments)
    finally:
        asyncio._set_running_loop(around)
