"""A folder is a runtime only when it is whole."""

from pathlib import Path

import pytest

from core.runtimes.runtime import (
    Runtime,
    discard,
    put_aside,
    python_of,
    read_runtime,
    scan,
    sweep,
    version_key,
    write_record,
)


def whole(folder: Path, *, kind: str = "vllm-cpu", version: str = "0.32.0", at: int = 1) -> Runtime:
    """A folder that looks installed."""
    runtime = Runtime(
        id=f"{kind}-{version}",
        kind=kind,
        version=version,
        path=folder / f"{kind}-{version}",
        installed_at=at,
    )
    python_of(runtime.path).parent.mkdir(parents=True)
    python_of(runtime.path).touch()
    write_record(runtime, runtime.path)
    return runtime


def test_a_whole_folder_is_found_again(tmp_path: Path) -> None:
    """What was written is what is read."""
    runtime = whole(tmp_path)
    assert list(scan(tmp_path)) == [runtime]


def test_vllm_for_the_cpu_serves_vllm_recipes(tmp_path: Path) -> None:
    """A recipe for vLLM need not know how it was built."""
    assert whole(tmp_path).engine_kind == "vllm"


def test_a_folder_without_its_record_is_no_runtime(tmp_path: Path) -> None:
    """The record is written last: a half-made folder has none."""
    runtime = whole(tmp_path)
    (runtime.path / "runtime.json").unlink()
    assert read_runtime(runtime.path) is None


def test_a_folder_without_an_interpreter_is_no_runtime(tmp_path: Path) -> None:
    """When the system's Python is gone, the runtime is too."""
    runtime = whole(tmp_path)
    runtime.python.unlink()
    assert read_runtime(runtime.path) is None


def test_a_partial_folder_is_no_runtime(tmp_path: Path) -> None:
    """Even with its record, a folder that was not renamed is not installed."""
    runtime = whole(tmp_path)
    runtime.path.rename(runtime.path.with_name(runtime.id + ".partial"))
    assert list(scan(tmp_path)) == []


def test_runtimes_may_be_moved(tmp_path: Path) -> None:
    """The data directory can be moved as a whole; paths are where the folder is found."""
    whole(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    assert [runtime.path.parent for runtime in scan(tmp_path / "after")] == [tmp_path / "after"]


def test_removing_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    """A shared runtime is not emptied through one of its users."""
    runtime = whole(tmp_path / "shared")
    link = tmp_path / "home" / runtime.id
    link.parent.mkdir()
    link.symlink_to(runtime.path, target_is_directory=True)
    discard(link)
    assert not link.is_symlink()
    assert read_runtime(runtime.path) == runtime


def test_a_discarded_folder_is_gone(tmp_path: Path) -> None:
    """Nothing is left of it, not even under another name."""
    discard(whole(tmp_path).path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_put_aside_is_out_of_sight_at_once_and_swept_later(tmp_path: Path) -> None:
    """Its place is free for a new one though it is all still there; what others left goes too."""
    path = whole(tmp_path).path
    doomed = put_aside(path)
    assert doomed is not None
    assert (doomed / "runtime.json").exists()
    assert not path.exists()
    (tmp_path / "vllm-cpu-0.9.partial.removed").mkdir()  # of an earlier version of the app
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_same_folder_may_be_put_aside_twice(tmp_path: Path) -> None:
    """The second one does not wait until the first one is swept."""
    aside = {put_aside(whole(tmp_path).path), put_aside(whole(tmp_path).path)}
    assert len(aside) == 2
    assert put_aside(tmp_path / "was-never-there") is None


@pytest.mark.parametrize(
    ("older", "newer"),
    [("0.9.1", "0.33.0"), ("1.106.2", "1.109.1"), ("0.5.9", "0.5.23"), ("1.0rc1", "1.1")],
)
def test_versions_are_ordered_by_their_numbers(older: str, newer: str) -> None:
    """0.33 is newer than 0.9."""
    assert version_key(older) < version_key(newer)
