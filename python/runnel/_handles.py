"""Handles of the C library, and the configuration as one."""

from __future__ import annotations

import json
import os
import pathlib
from numbers import Real
from typing import Any, Iterable, Mapping

from . import _library as _c
from .errors import ConfigError


class Handle:
    """Owns a handle of the C library, and frees it."""

    _free: str = ""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    @property
    def handle(self) -> int:
        """The C library's pointer."""
        if not self._handle:
            raise ValueError(f"this {type(self).__name__} has been closed")
        return self._handle

    def __del__(self, lib: Any = _c.lib) -> None:
        handle = getattr(self, "_handle", None)
        if handle and self._free:
            self._handle = None
            getattr(lib, self._free)(handle)


def _plain(value: Any, path: str = "") -> Any:
    """What JSON has: of other mappings, of numpy's numbers and arrays, of paths.  `path` leads to
    the value, for a message."""
    if isinstance(value, Mapping):
        return {_plain_key(key, path): _plain(inner, f"{path}.{key}" if path else str(key))
                for key, inner in value.items()}
    if hasattr(value, "tolist"):
        listed = value.tolist()
        if type(listed) is not type(value):
            return _plain(listed, path)
        if isinstance(value, Real):  # a long double
            return float(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item, path) for item in value]
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise ConfigError((f"{path}: " if path else "") +
                      f"a configuration has mappings, lists, texts and numbers, got {value!r}")


def _plain_key(key: Any, path: str) -> Any:
    plain = _plain(key, path)
    if isinstance(plain, (Mapping, list)):
        raise ConfigError((f"{path}: " if path else "") + f"expected a text as key, got {key!r}")
    return plain


def _text_of(source: str) -> str:
    """YAML text, which is no name of a file."""
    if not any(sign in source for sign in ("\n", ": ", "{")):
        raise ConfigError(f"config: expected a mapping or YAML text, got {source!r}; a file is read "
                          f"by runnel.Config.load(path), or given as a pathlib.Path")
    return source


class Config(Handle):
    """A configuration: a mapping, or YAML text, with the keys of `runnel.help()`; a path object is
    read as `load` does.

    `overrides` are texts "key.path=value", as `--set` of the program takes them.  Raises
    `ConfigError` with line, key, what was expected and the nearest valid name.
    """

    _free = "rnl_config_free"

    def __init__(self, source: Mapping[str, Any] | str | os.PathLike[str],
                 overrides: Iterable[str] = (), name: str = "config") -> None:
        words, count = _c.string_list(overrides)
        if isinstance(source, os.PathLike):
            made = _c.take_handle("config_load", _c.path_bytes(source), words, count)
        else:
            text = _text_of(source) if isinstance(source, str) \
                else json.dumps(_plain(source), indent=1)
            made = _c.take_handle("config_parse", name.encode(), text.encode(), words, count)
        super().__init__(made)

    @classmethod
    def load(cls, path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> "Config":
        """Reads a YAML file.  Raises `ConfigError`, `FileError`."""
        return cls(pathlib.Path(os.fsdecode(path)), overrides)

    @property
    def name(self) -> str:
        """The run's name."""
        return _c.lib.rnl_config_name(self.handle).decode()

    def text(self) -> str:
        """The whole configuration as YAML, defaults filled in."""
        return _c.take_text("config_print", self.handle)

    def origins(self) -> str:
        """The same, each value with where it is from: file, override, preset or default."""
        return _c.take_text("config_print_origins", self.handle)

    def __str__(self) -> str:
        return self.text()

    def __reduce__(self) -> Any:
        return Config, (self.text(), (), self.name)


def config_of(source: Config | Mapping[str, Any] | str | os.PathLike[str]) -> Config:
    return source if isinstance(source, Config) else Config(source)
