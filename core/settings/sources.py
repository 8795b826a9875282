"""Gather settings from settings.toml, .env and the environment, and say where each one stands."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from core.errors import Invalid
from core.nearest import did_you_mean
from core.secrets import Secrets
from core.settings.dotenv import parse_dotenv
from core.settings.in_force import SETTING, SETTINGS, Settings, known
from core.settings.paths import Paths, home_dir
from core.settings.setting import Setting, typed
from core.settings.values import Source

_BY_VARIABLE = {setting.environment: setting for setting in SETTINGS}
_HOME = "VLLM_STUDIO_HOME"
_OURS = "VLLM_STUDIO_"


class Given(NamedTuple):
    """A value somebody set, and where."""

    setting: Setting
    value: Any
    where: str  # "settings.toml, line 3"
    source: Source
    text: bool  # still text, as environment variables are


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force for this process, before what the log says.

    Makes the LiteLLM master key on the first run, and the folder that holds it.
    Raises Invalid naming file, key and line; OSError when the data directory is not usable.
    """
    environ = os.environ if environ is None else environ
    paths = Paths(home_dir(environ))
    values: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for given in (*_from_toml(paths), *_from_dotenv(paths), *_from_environment(environ)):
        if given.text and given.value == "":  # `KEY=` means: not set here
            continue
        values[given.setting.key] = _checked(given)
        sources[given.setting.key] = given.source
    if not values.get("litellm_master_key"):
        # Made on the way to `secrets`, it would have been for all to read.
        paths.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        values["litellm_master_key"] = Secrets(paths.secrets).ensure("litellm-master-key")
    return Settings(home=paths.home, sources=sources, **values)


def _checked(given: Given) -> object:
    try:
        return typed(given.setting, given.value, text=given.text)
    except Invalid as error:
        message = f"{given.where}: {error.message}"
        raise Invalid(message, field=given.setting.key, code=error.code) from None


def _from_environment(environ: Mapping[str, str]) -> Iterator[Given]:
    for variable, setting in _BY_VARIABLE.items():
        if variable in environ:
            where = f"{variable} in the environment"
            yield Given(setting, environ[variable], where, "environment", True)


def _from_dotenv(paths: Paths) -> Iterator[Given]:
    """Other programs' variables may stand in the file too; only wrong ones of ours are errors."""
    for name, value, line in parse_dotenv(_read(paths.env_file), file=str(paths.env_file)):
        where = f"{paths.env_file}, line {line}"
        if name == _HOME:
            raise Invalid(
                f"{where}: {_HOME} can not be set in a file that lies in the data directory",
                field="home",
                code="home-in-home",
            )
        if name in _BY_VARIABLE:
            yield Given(_BY_VARIABLE[name], value, where, "file", True)
        elif name.startswith(_OURS):
            meant = did_you_mean(name, _BY_VARIABLE)
            raise Invalid(f"{where}: there is no setting {name!r}.{meant}", code="unknown-setting")


def _from_toml(paths: Paths) -> Iterator[Given]:
    text = _read(paths.settings_file)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{paths.settings_file}: {error}", code="toml-syntax") from None
    for key, value in table.items():
        where = f"{paths.settings_file}, line {_line_of(key, text)}"
        if key not in SETTING:
            try:
                known(key)
            except Invalid as error:
                raise Invalid(f"{where}: {error.message}", field=key, code=error.code) from None
        yield Given(SETTING[key], value, where, "file", False)


def _line_of(key: str, text: str) -> int:
    """Keys stand at the top level, one a line, so the first line that begins with it is it."""
    begins = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=\].]")
    lines = text.splitlines()
    return next((n for n, line in enumerate(lines, start=1) if begins.match(line)), 1)


def _read(path: os.PathLike[str]) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise Invalid(f"{path} is not UTF-8 text", code="not-text") from None
