"""Options of a run: workers, their placement, products."""

from __future__ import annotations

import os
from numbers import Integral
from typing import Mapping

from . import _library as _c
from .errors import ConfigError

PINS = {"auto": 0, "on": 1, "off": 2}
PRODUCTS = {"auto": 0, "own": 1, "onednn": 2}


def choice_of(name: str, choices: Mapping[str, int], value: str) -> int:
    if value not in choices:
        raise ConfigError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
    return choices[value]


def options_of(threads: int = 0, pin: str = "auto", products: str = "auto") -> _c.Options:
    return _c.Options(threads=_thread_count(threads), pin=choice_of("pin", PINS, pin),
                      products=choice_of("products", PRODUCTS, products))


def _thread_count(threads: int) -> int:
    """0: as many as are foreseen to be fastest, within OMP_NUM_THREADS and threadpool_limits."""
    if not isinstance(threads, Integral) or threads < 0:
        raise ConfigError(f"threads: expected a whole number from 0, got {threads!r}")
    if threads > 0:
        return int(threads)
    limit = _c.thread_limit()
    return limit if limit < len(os.sched_getaffinity(0)) else 0
