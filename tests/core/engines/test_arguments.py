"""Command lines as flags, and what two of them differ in."""

from core.engines.arguments import Argument, Compared, arguments_of, compared


def changes(before: str, after: str) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Everything that is not the same, in short."""
    found = compared(arguments_of(before.split()), arguments_of(after.split()))
    return [(o.change, o.flag, o.values, o.before) for o in found if o.change != "same"]


def test_the_program_is_what_stands_before_the_first_flag() -> None:
    """A module of Python belongs to it; a negative number is a value."""
    assert arguments_of(("vllm", "serve", "org/m", "--seed", "-1", "--eager", "--a=b")) == [
        Argument(flag="", values=("vllm", "serve", "org/m")),
        Argument(flag="--seed", values=("-1",)),
        Argument(flag="--eager"),
        Argument(flag="--a", values=("b",)),
    ]
    assert arguments_of(("python", "-m", "sglang", "-m", "x"))[0].values == (
        *("python", "-m", "sglang"),
    )


def test_flags_are_told_apart_by_what_became_of_them() -> None:
    """Added, removed and changed; an order of their own changes nothing."""
    assert changes("p --a 1 --b 2 --c", "p --a 1 --b 3 --d") == [
        ("changed", "--b", ("3",), ("2",)),
        ("removed", "--c", (), ()),
        ("added", "--d", (), ()),
    ]
    assert changes("p --a 1 --b 2", "p --b 2 --a 1") == []
    assert changes("p", "q") == [("changed", "", ("q",), ("p",))]


def test_a_flag_that_stands_twice_is_compared_one_by_one() -> None:
    """The second of them is not the first."""
    assert changes("p --x a --x b", "p --x a --x c") == [("changed", "--x", ("c",), ("b",))]
    assert changes("p --x a", "p --x a --x b") == [("added", "--x", ("b",), ())]


def test_the_same_line_has_no_changes() -> None:
    """Everything is there, as it was."""
    words = arguments_of(("p", "--a", "1"))
    assert compared(words, words) == [
        Compared(change="same", flag="", values=("p",)),
        Compared(change="same", flag="--a", values=("1",)),
    ]
