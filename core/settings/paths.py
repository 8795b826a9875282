"""Where everything lies in the data directory, so that no other module spells a path.

<home>/                       0700: logs and recipes are nobody else's business
├── .env  settings.toml       settings in files (core/settings.py)
├── main.db                   the log: what happened, for ever
├── keys.db                   keys that can be destroyed: what the log holds sealed (core/erasure)
├── usage-YYYY-MM.db          one record per request, a file per month
├── usage-YYYY-MM.segment     a month that is over, sealed (core/sealing)
├── usage-YYYY-MM.rollup      … and what it adds up to
├── secrets/                  one 0600 file per secret (core/secrets.py)
├── run/                      app.lock, app.json: which process is the app
├── checkpoints/              what was signed for, unless the settings say another place
├── logs/  logs/engines/      what our children print, and what we print
├── runtimes/                 one virtualenv per installed engine version
├── models/                   weights made or fetched by us
├── blobs/                    files of conversations and research, sealed (core/blobs)
├── captures/                 bodies that are kept, encrypted, a folder per day (core/captures)
├── litellm/                  the gateway's generated configuration
└── cache/                    may be deleted at any time
"""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import platformdirs


def home_dir(environ: Mapping[str, str]) -> Path:
    """The data directory: VLLM_STUDIO_HOME, or the platform's own place for such things."""
    chosen = environ.get("VLLM_STUDIO_HOME", "").strip()
    home = Path(chosen) if chosen else platformdirs.user_data_path("vllm-studio", appauthor=False)
    return Path(os.path.abspath(home.expanduser()))


class Paths:
    """Names inside one data directory. Nothing exists on disk until `create` is called."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env_file = home / ".env"
        self.settings_file = home / "settings.toml"
        self.main_db = home / "main.db"
        self.keys_db = home / "keys.db"
        self.drafts = home / "drafts"
        self.blobs = home / "blobs"
        self.checkpoints = home / "checkpoints"
        self.logs = home / "logs"
        self.engine_logs = self.logs / "engines"
        self.runtimes = home / "runtimes"
        self.models = home / "models"
        self.secrets = home / "secrets"
        self.run = home / "run"
        self.litellm = home / "litellm"
        self.captures = home / "captures"
        self.cache = home / "cache"

    def __repr__(self) -> str:
        return f"Paths({str(self.home)!r})"

    def usage_db(self, day: date | str) -> Path:
        """The month's usage log that holds `day` (a date, or "2026-11-23")."""
        month = (date.fromisoformat(day) if isinstance(day, str) else day).strftime("%Y-%m")
        return self.home / f"usage-{month}.db"

    def usage_segment(self, month: str) -> Path:
        """The records of a sealed month, such as "2026-11"."""
        return self.home / f"usage-{month}.segment"

    def usage_rollup(self, month: str) -> Path:
        """What a sealed month adds up to."""
        return self.home / f"usage-{month}.rollup"

    def engine_log(self, engine_id: str) -> Path:
        """What one run of an engine prints."""
        return self.engine_logs / f"{engine_id}.log"

    def log(self, name: str) -> Path:
        """What a part of ours prints: "app", "gateway"…"""
        return self.logs / f"{name}.log"

    def create(self) -> None:
        """Make every directory, for the owner's eyes only; existing ones are narrowed to that.

        What the owner may not write stays so. Raises OSError when the data directory can not be
        made or is not ours.
        """
        rooms = (self.secrets, self.run, self.logs, self.engine_logs, self.runtimes)
        for folder in (self.home, *rooms, self.models, self.litellm, self.cache):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = folder.stat().st_mode
            if mode & 0o077:
                folder.chmod(mode & 0o700)
