"""Exceptions: one for each status of the C library, with the library's own message."""

from __future__ import annotations


class RunnelError(Exception):
    """What every exception of the library is, beside a class that Python users expect."""


class ConfigError(RunnelError, ValueError):
    """A mistake in a configuration, an override or an argument."""


class DataError(RunnelError, ValueError):
    """Data or a model file are missing or damaged, or do not fit the model."""


class OutOfMemory(RunnelError, MemoryError):
    """An allocation failed, or would exceed the process's limit; the message gives its size."""


class FileError(RunnelError, OSError):
    """Reading or writing a file failed; the message gives path and reason."""


class ThreadsError(RunnelError, RuntimeError):
    """The requested workers could not be started."""


class ProductError(RunnelError, RuntimeError):
    """The matrix product failed."""


class NotFiniteError(RunnelError, ArithmeticError):
    """NaN or infinity appeared in training; the message gives the step and the place."""


class Stopped(RunnelError):
    """A callback or `Model.stop` ended the call before its end."""


# By the number of the status.
BY_STATUS = {
    1: ConfigError,
    2: DataError,
    3: OutOfMemory,
    4: FileError,
    5: ThreadsError,
    6: ProductError,
    7: NotFiniteError,
    8: Stopped,
    9: RunnelError,
}
