"""Every setting is typed, described, and refused with file, key and line when it is wrong."""

import os
import stat
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import platformdirs
import pytest

from core.errors import Invalid, Refused
from core.secrets import Secrets
from core.settings import (
    SETTING,
    SETTINGS,
    Paths,
    Setting,
    Settings,
    home_dir,
    is_loopback,
    load_settings,
)

ENVIRONMENT = {  # DESIGN: the contract with the outside
    "port": "VLLM_STUDIO_PORT",
    "inference_port": "VLLM_STUDIO_INFERENCE_PORT",
    "litellm_port": "VLLM_STUDIO_LITELLM_PORT",
    "api_key": "VLLM_STUDIO_API_KEY",
    "litellm_master_key": "LITELLM_MASTER_KEY",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "inference_api_base": "INFERENCE_API_BASE",
}


def loaded(home: Path, **environ: str) -> Settings:
    """The settings of this home and environment, and nothing of the machine's."""
    return load_settings({"VLLM_STUDIO_HOME": str(home), **environ})


# Descriptions


def test_every_setting_is_described() -> None:
    """What can be set can be explained; nothing else is in the list."""
    fields = set(Settings.__struct_fields__) - {"home", "sources"}
    assert {setting.key for setting in SETTINGS} == fields


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_a_description_is_a_sentence(setting: Setting) -> None:
    """One that a newcomer understands, with bounds wherever there is a number."""
    assert setting.help[0].isupper()
    assert setting.help.endswith(".")
    assert setting.environment.isupper()
    if setting.type in ("number", "whole number"):
        assert setting.minimum is not None
        assert setting.maximum is not None
        assert setting.minimum <= setting.default <= setting.maximum


def test_variables_are_named_as_promised() -> None:
    """People have them in their scripts."""
    for key, variable in ENVIRONMENT.items():
        assert SETTING[key].environment == variable
    assert len({setting.environment for setting in SETTINGS}) == len(SETTINGS)


def test_defaults_are_as_promised(tmp_path: Path) -> None:
    """Loopback, and the ports of the documents."""
    settings = loaded(tmp_path)
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.inference_port, settings.litellm_port) == (8000, 4000)
    assert settings.api_key is None
    assert settings.max_resident == 0
    assert settings.loopback_only


# Where they come from


def test_the_environment_wins_over_files_and_dotenv_over_toml(tmp_path: Path) -> None:
    """And each value knows where it came from."""
    (tmp_path / "settings.toml").write_text("port = 1\ninference_port = 2\nmax_resident = 3\n")
    (tmp_path / ".env").write_text("VLLM_STUDIO_PORT=4\nVLLM_STUDIO_INFERENCE_PORT=5\n")
    settings = loaded(tmp_path, VLLM_STUDIO_PORT="6")
    assert (settings.port, settings.inference_port, settings.max_resident) == (6, 5, 3)
    keys = ("port", "inference_port", "max_resident", "litellm_port")
    sources = [settings.source_of(key) for key in keys]
    assert sources == ["environment", "file", "file", "default"]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("port", "18080", 18080),
        ("drain_timeout_s", "2.5", 2.5),
        ("left_client_finishes_load", "no", False),
        ("left_client_finishes_load", "true", True),
        ("left_client_finishes_load", "0", False),
        ("left_client_finishes_load", "ON", True),
        ("allowed_origins", "https://a.example, b,", ("https://a.example", "b")),
        ("default_recipe", "null", "null"),
    ],
)
def test_text_from_the_environment_becomes_what_it_means(
    tmp_path: Path, key: str, text: str, value: object
) -> None:
    """Numbers, yes and no, lists."""
    settings = loaded(tmp_path, **{SETTING[key].environment: text})
    assert getattr(settings, key) == value


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    """`VLLM_STUDIO_PORT= vllm-studio` is how shells unset for one command."""
    (tmp_path / "settings.toml").write_text("port = 9\n")
    settings = loaded(tmp_path, VLLM_STUDIO_PORT="", VLLM_STUDIO_API_KEY="", LITELLM_MASTER_KEY="")
    assert settings.port == 9
    assert settings.api_key is None
    assert settings.litellm_master_key != ""


def test_other_programs_variables_may_stand_in_dotenv(tmp_path: Path) -> None:
    """The file is shared; only names of ours are ours to judge."""
    (tmp_path / ".env").write_text("HF_HOME=/models\nVLLM_STUDIO_PORT=7\n")
    assert loaded(tmp_path).port == 7


def test_the_home_is_absolute_and_by_default_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child process with another working directory finds the same place."""
    assert home_dir({}) == platformdirs.user_data_path("vllm-studio", appauthor=False)
    monkeypatch.chdir(tmp_path)
    assert home_dir({"VLLM_STUDIO_HOME": "data"}) == tmp_path / "data"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_dir({"VLLM_STUDIO_HOME": "~/data"}) == tmp_path / "data"


# The master key


def test_the_first_look_makes_the_home_for_its_owner_only(tmp_path: Path) -> None:
    """Also where nothing was started yet: `doctor` does not warn of what it made itself."""
    home = loaded(tmp_path / "deep" / "down").paths.home
    assert (home / "secrets").exists()
    assert home.stat().st_mode & 0o777 == 0o700


def test_the_master_key_is_made_once_and_kept(tmp_path: Path) -> None:
    """LiteLLM and the controller agree on it after every restart."""
    first = loaded(tmp_path)
    assert first.litellm_master_key.startswith("sk-")
    assert loaded(tmp_path).litellm_master_key == first.litellm_master_key
    assert Secrets(first.paths.secrets).get("litellm-master-key") == first.litellm_master_key
    assert loaded(tmp_path, LITELLM_MASTER_KEY="sk-mine").litellm_master_key == "sk-mine"


# What is wrong


@pytest.mark.parametrize(
    ("toml", "where", "words"),
    [
        ("\nprt = 1\n", "line 2", "'port'"),
        ('port = "8080"\n', "line 1", "a whole number from 0 to 65535"),
        ("# x\n\nport = 70000\n", "line 3", "not 70000"),
        ("max_resident = -1\n", "line 1", "from 0 to"),
        ("drain_timeout_s = nan\n", "line 1", "number"),
        ("drain_timeout_s = inf\n", "line 1", "number"),
        ("left_client_finishes_load = 1\n", "line 1", "yes or no"),
        ('allowed_origins = "x"\n', "line 1", "list of text"),
        ("[gateway]\nport = 1\n", "line 1", "'gateway'"),
        ("port = \n", "line 1", "settings.toml"),
        ('home = "/x"\n', "line 1", "home"),
        ("sources = {}\n", "line 1", "sources"),
    ],
)
def test_a_wrong_line_in_settings_toml_is_named(
    tmp_path: Path, toml: str, where: str, words: str
) -> None:
    """File, line, and what would be right."""
    (tmp_path / "settings.toml").write_text(toml)
    with pytest.raises(Invalid) as error:
        loaded(tmp_path)
    assert "settings.toml" in error.value.message
    assert where in error.value.message
    assert words in error.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1\nVLLM_STUDIO_PROT=1\n", "line 2: there is no setting 'VLLM_STUDIO_PROT'"),
        ("VLLM_STUDIO_PROT=1\n", "'VLLM_STUDIO_PORT'"),
        ("\nVLLM_STUDIO_PORT=many\n", "line 2: port should be a whole number"),
        ("VLLM_STUDIO_HOME=/x\n", "line 1: VLLM_STUDIO_HOME can not be set"),
        ("no assignment\n", "line 1: expected KEY=VALUE"),
        ("A='x\n", "line 1: the quote does not end"),
        ("1A=x\n", "line 1: '1A' is not a name"),
    ],
)
def test_a_wrong_line_in_dotenv_is_named(tmp_path: Path, text: str, words: str) -> None:
    """File, line, and what would be right."""
    (tmp_path / ".env").write_text(text)
    with pytest.raises(Invalid) as error:
        loaded(tmp_path)
    assert str(tmp_path / ".env") in error.value.message
    assert words in error.value.message


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    """Nobody has to guess which of ten variables it was."""
    with pytest.raises(Invalid, match="VLLM_STUDIO_PORT in the environment") as error:
        loaded(tmp_path, VLLM_STUDIO_PORT="eighty")
    assert error.value.field == "port"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """With its name, not with a decoder's complaint."""
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match=r"settings\.toml is not UTF-8"):
        loaded(tmp_path)


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    """Errors travel to terminals and logs."""
    (tmp_path / "settings.toml").write_text("api_key = 123456789\n")
    with pytest.raises(Invalid) as error:
        loaded(tmp_path)
    assert "123456789" not in error.value.message


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "studio.example", ""])
def test_an_open_door_demands_a_key(tmp_path: Path, host: str) -> None:
    """Anything but loopback lets other machines in."""
    (tmp_path / "settings.toml").write_text(f'host = "{host}"\n')
    with pytest.raises(Invalid) as error:
        loaded(tmp_path)
    assert error.value.field == "host"
    assert "VLLM_STUDIO_API_KEY" in error.value.next_action
    opened = loaded(tmp_path, VLLM_STUDIO_API_KEY="sk-0123456789")
    assert opened.host == host
    assert not opened.loopback_only


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_key(host: str, tmp_path: Path) -> None:
    """Only programs of this machine reach it."""
    assert is_loopback(host)
    assert Settings(home=tmp_path, host=host).loopback_only


def test_two_servers_never_share_a_port(tmp_path: Path) -> None:
    """0 takes a free one, so it may stand twice."""
    with pytest.raises(Invalid, match="must differ"):
        loaded(tmp_path, VLLM_STUDIO_PORT="4000")
    loaded(tmp_path, VLLM_STUDIO_PORT="0", VLLM_STUDIO_LITELLM_PORT="0")


# Changes


def test_a_change_is_typed_and_named_as_such(tmp_path: Path) -> None:
    """The original stays as it was."""
    before = loaded(tmp_path)
    after = before.with_changes({"max_resident": 2, "drain_timeout_s": 5, "allowed_origins": ["x"]})
    assert (after.max_resident, after.drain_timeout_s, after.allowed_origins) == (2, 5.0, ("x",))
    assert after.source_of("max_resident") == "log"
    assert before.max_resident == 0
    assert after.litellm_master_key == before.litellm_master_key


def test_none_puts_the_default_back(tmp_path: Path) -> None:
    """How a change is taken back."""
    settings = loaded(tmp_path).with_changes({"max_resident": 2})
    assert settings.with_changes({"max_resident": None}).max_resident == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"max_residents": 2}, "unknown-setting"),
        ({"max_resident": "2"}, "setting-value"),
        ({"max_resident": -1}, "setting-value"),
        ({"max_resident": True}, "setting-value"),
        ({"api_key": "sk-0123456789"}, "secret-setting"),
        ({"litellm_master_key": None}, "secret-setting"),
        ({"home": "/x"}, "unknown-setting"),
        ({"sources": {}}, "unknown-setting"),
        ({"host": "0.0.0.0"}, "key-needed"),
        ({"port": 4000}, "port-clash"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    """Before it is recorded."""
    with pytest.raises(Invalid) as error:
        loaded(tmp_path).with_changes(changes)
    assert error.value.code == code


def test_the_environment_wins_over_changes(tmp_path: Path) -> None:
    """Quietly when settings are put together, aloud when a person asks."""
    settings = loaded(tmp_path, VLLM_STUDIO_MAX_RESIDENT="3")
    assert settings.with_changes({"max_resident": 2}).max_resident == 3
    assert settings.with_changes({"max_resident": 2}).source_of("max_resident") == "environment"
    with pytest.raises(Refused, match="VLLM_STUDIO_MAX_RESIDENT"):
        settings.demand_changeable(["max_resident"])
    settings.demand_changeable(["drain_timeout_s"])
    with pytest.raises(Invalid):
        settings.demand_changeable(["api_key"])


def test_nothing_in_the_log_is_fatal_at_the_start(tmp_path: Path) -> None:
    """What another version recorded is passed over, the rest counts."""
    recorded = {"wings": 2, "max_resident": 2, "port": "x", "api_key": "•••", "host": "0.0.0.0"}
    settings = loaded(tmp_path).with_recorded(recorded)
    assert (settings.max_resident, settings.port, settings.host) == (2, 8080, "127.0.0.1")
    assert settings.api_key is None


# What is shown


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """Neither to the settings page nor in a traceback."""
    secret = {
        "VLLM_STUDIO_API_KEY": "sk-secret-1",
        "LITELLM_MASTER_KEY": "sk-secret-2",
        "DATABASE_URL": "postgresql://u:secret-3@h/d",
        "REDIS_URL": "redis://:secret-4@h",
    }
    settings = loaded(tmp_path, **secret)
    assert "secret-" not in f"{settings!r} {settings} {settings.shown()}"
    assert settings.shown()["api_key"] == "•••"
    assert loaded(tmp_path).shown()["api_key"] is None
    msgspec.json.encode(settings.shown())
    assert set(settings.secret_values()) == set(secret.values())


# Paths


def test_everything_lies_in_the_home(tmp_path: Path) -> None:
    """One folder to back up, one to delete."""
    paths = Paths(tmp_path)
    assert paths.main_db == tmp_path / "main.db"
    assert paths.usage_db("2026-11-23") == tmp_path / "usage-2026-11.db"
    assert paths.usage_db(date(2026, 1, 2)) == tmp_path / "usage-2026-01.db"
    assert paths.engine_log("e-1") == tmp_path / "logs" / "engines" / "e-1.log"
    assert paths.log("gateway") == tmp_path / "logs" / "gateway.log"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_rooms_are_for_the_owners_eyes_only(tmp_path: Path) -> None:
    """Also those that were there before, with wider permissions."""
    home = tmp_path / "deep" / "home"
    (home / "logs").mkdir(parents=True, mode=0o777)
    Paths(home).create()
    Paths(home).create()
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    assert len(folders) >= 9
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_the_example_in_the_readme_is_right(tmp_path: Path) -> None:
    """Documents that list settings are held against them."""
    readme = Path(__file__).parents[2] / "core" / "settings" / "README.md"
    text = readme.read_text("utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    assert tomllib.loads(example) != {}
    (tmp_path / "settings.toml").write_text(example)
    loaded(tmp_path)
    for setting in SETTINGS:
        assert f"| `{setting.key}` | `{setting.environment}` |" in text, setting.key
