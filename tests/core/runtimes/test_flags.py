"""The flags of an engine are asked of its own interpreter, once."""

import sys
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.runtimes.flags import Flag, FlagTable, read_flags
from core.runtimes.runtime import Runtime, python_of

SGLANG = """
class ServerArgs:
    @staticmethod
    def add_cli_args(parser):
        import argparse
        print("a banner on stdout")
        parser.add_argument("--model-path", "--model", required=True, help="Weights")
        parser.add_argument("--dtype", choices=["auto", "half"], default="auto")
        parser.add_argument("--metrics", action=argparse.BooleanOptionalAction, default=False)
"""


@pytest.fixture
def sglang(tmp_path: Path) -> Runtime:
    """A folder whose interpreter is this one, with an importable `sglang` of four flags."""
    path = tmp_path / "sglang-9.9"
    python_of(path).parent.mkdir(parents=True)
    python_of(path).symlink_to(Path(sys.executable).resolve())
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = path / "lib" / f"python{version}" / "site-packages"
    (packages / "sglang" / "srt").mkdir(parents=True)
    (packages / "sglang" / "srt" / "server_args.py").write_text(SGLANG)
    (packages / "sglang-9.9.dist-info").mkdir()
    metadata = "Metadata-Version: 2.1\nName: sglang\nVersion: 9.9\n"
    (packages / "sglang-9.9.dist-info" / "METADATA").write_text(metadata)
    home = Path(sys.base_prefix) / "bin"
    (path / "pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n")
    return Runtime(id="sglang-9.9", kind="sglang", version="9.9", path=path)


async def test_the_engine_tells_its_own_flags(sglang: Runtime) -> None:
    """Spellings, choices, defaults and switches arrive as the engine's parser has them."""
    table = await read_flags(sglang)
    assert (table.engine, table.version) == ("sglang", "9.9")
    model = table.find("--model")
    assert model is not None
    assert model.flags == ("--model-path", "--model")
    assert model.required
    dtype = table.find("--dtype=half")
    assert dtype is not None
    assert dtype.choices == ("auto", "half")
    metrics = table.find("--no-metrics")
    assert metrics is not None
    assert metrics.is_switch


async def test_it_is_asked_only_once(sglang: Runtime) -> None:
    """The second answer comes from the runtime's folder: asking takes vLLM half a minute."""
    first = await read_flags(sglang)
    sglang.python.unlink()
    assert await read_flags(sglang) == first


async def test_another_version_is_asked_again(sglang: Runtime) -> None:
    """A kept answer is true for one version only."""
    await read_flags(sglang)
    sglang.python.unlink()
    updated = Runtime(id="sglang-9.9", kind="sglang", version="10.0", path=sglang.path)
    with pytest.raises(FileNotFoundError):
        await read_flags(updated)


async def test_an_engine_that_can_not_say_is_not_guessed(sglang: Runtime) -> None:
    """A broken engine gives an error with its last line."""
    package = next(sglang.path.glob("lib/*/site-packages/sglang/srt/server_args.py"))
    package.write_text("raise RuntimeError('no CUDA here')")
    with pytest.raises(Unavailable, match="no CUDA here"):
        await read_flags(sglang)


def test_underscores_and_dashes_are_the_same_flag() -> None:
    """vLLM accepts both; so does the lookup."""
    table = FlagTable(
        engine="vllm", version="1", flags=(Flag(dest="max_len", flags=("--max-model-len", "-m")),)
    )
    assert table.find("--max_model_len=8") is not None
    assert table.find("-m") is not None
    assert table.find("--max-model") is None
