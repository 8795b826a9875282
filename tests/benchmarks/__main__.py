"""`make bench`: every benchmark in turn, each printing its own table."""

import importlib
import pkgutil

from tests import benchmarks


def main() -> None:
    """Run all modules of this package whose name begins with `bench_`."""
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name.startswith("bench_"):
            importlib.import_module(f"tests.benchmarks.{module.name}").main()


if __name__ == "__main__":
    main()
