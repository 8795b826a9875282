"""The settings in force: the rules between them, where each value comes from, how one changes.

Where a value comes from, weakest first: default < settings.toml < .env < environment; what the
log says (`with_recorded`, changes made in the window) stands between the files and the
environment. A wrong value is refused with the file, the line and what would be right.
"""

import contextlib
import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.errors import Invalid, Refused
from core.masking import HIDDEN, holds_secret
from core.nearest import did_you_mean
from core.settings.paths import Paths
from core.settings.setting import Setting, described, typed
from core.settings.values import Source, Values


class Settings(Values, frozen=True, kw_only=True, repr_omit_defaults=True):
    """The settings in force. Make them with `load_settings`; `Settings(home=…)` is for tests."""

    def __post_init__(self) -> None:
        """Refuse what can not be: an open door without a key, two servers on one port."""
        if not is_loopback(self.host) and not self.api_key:
            raise Invalid(
                f"Listening on {self.host!r} lets other machines in, so an API key is needed",
                field="host",
                code="key-needed",
                next_action="Set VLLM_STUDIO_API_KEY, or listen on 127.0.0.1.",
            )
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise Invalid(
                f"currency should be an ISO 4217 code such as USD or EUR, not {self.currency!r}",
                field="currency",
            )
        ports = [self.port, self.inference_port, self.litellm_port]
        chosen = [port for port in ports if port]
        if len(set(chosen)) < len(chosen):
            raise Invalid(
                "port, inference_port and litellm_port must differ, "
                f"but they are {ports[0]}, {ports[1]} and {ports[2]}",
                field="port",
                code="port-clash",
            )

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{k}={v!r}' for k, v in self.shown().items())})"

    @property
    def paths(self) -> Paths:
        """Where everything lies."""
        return Paths(self.home)

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        chosen = self.checkpoints_folder
        return Path(chosen).expanduser() if chosen else self.paths.checkpoints

    @property
    def demands_key(self) -> bool:
        """Nobody but the owner gets in without a key."""
        return self.require_key or bool(self.api_key) or not self.loopback_only

    @property
    def loopback_only(self) -> bool:
        """Only programs of this machine can reach the controller."""
        return is_loopback(self.host)

    @property
    def litellms_database_url(self) -> str | None:
        """What LiteLLM is told of the database; None unless somebody asked for its own mode."""
        return (self.database_url or None) if self.litellm_database else None

    def source_of(self, key: str) -> Source:
        """Where the value in force came from."""
        return self.sources.get(key, "default")

    def shown(self) -> dict[str, Any]:
        """Every setting as plain data, with secrets that are set as "•••"."""
        values: dict[str, Any] = {"home": str(self.home)}
        for setting in SETTINGS:
            value = getattr(self, setting.key)
            hidden = value and (setting.secret or _is_secret(value))
            values[setting.key] = HIDDEN if hidden else msgspec.to_builtins(value)
        return values

    def secret_values(self) -> tuple[str, ...]:
        """The secrets among the settings, for `Secrets.remember`: masked wherever text leaves."""
        values = ((setting, getattr(self, setting.key)) for setting in SETTINGS)
        return tuple(
            value for setting, value in values if value and (setting.secret or _is_secret(value))
        )

    def with_changes(self, changes: Mapping[str, Any]) -> "Settings":
        """These settings with changes, typed and checked. None puts the default back.

        What the environment sets stays as it is: it wins.
        Raises Invalid for an unknown key, a wrong value, or a secret (the log keeps none).
        """
        values = {key: typed(_not_secret(key), value) for key, value in changes.items()}
        free = {k: v for k, v in values.items() if self.source_of(k) != "environment"}
        sources = {**self.sources, **dict.fromkeys(free, "log")}
        return msgspec.structs.replace(self, **free, sources=sources)

    def with_recorded(self, changes: Mapping[str, Any]) -> "Settings":
        """The same for the start, when nothing that an older or newer version recorded is fatal."""
        settings = self
        for key, value in changes.items():
            with contextlib.suppress(Invalid):
                settings = settings.with_changes({key: value})
        return settings

    def demand_changeable(self, keys: Iterable[str]) -> None:
        """Refuse a person's change that would have no effect, because the environment wins."""
        for key in keys:
            setting = _not_secret(key)
            if self.source_of(key) == "environment":
                raise Refused(
                    f"{key} is set by {setting.environment} in the environment, which wins",
                    code="environment-wins",
                    next_action=f"Unset {setting.environment} and start again.",
                )


def _is_secret(value: object) -> bool:
    """An address with a password inside."""
    return isinstance(value, str) and holds_secret(value)


SETTINGS: tuple[Setting, ...] = described(Settings)
SETTING: dict[str, Setting] = {setting.key: setting for setting in SETTINGS}


def is_loopback(host: str) -> bool:
    """Whether nobody outside this machine can reach a server that listens on `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def known(key: str) -> Setting:
    """The setting of that name; Invalid names the nearest one there is."""
    if key not in SETTING:
        raise Invalid(
            f"There is no setting {key!r}.{did_you_mean(key, SETTING)}",
            field=key,
            code="unknown-setting",
        )
    return SETTING[key]


def _not_secret(key: str) -> Setting:
    setting = known(key)
    if setting.secret:
        raise Invalid(
            f"{key} is a secret, and the log keeps none",
            field=key,
            code="secret-setting",
            next_action=f"Set {setting.environment} in the .env file of the data directory.",
        )
    return setting
