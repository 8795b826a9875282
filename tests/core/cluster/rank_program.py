"""vLLM's part of another machine on the CPU build, whose `vllm` command is broken as shipped.

Run by the runtime's interpreter, in place of `vllm serve MODEL …` with everything after it.
"""

from vllm.entrypoints.cli.serve import run_headless
from vllm.utils.argparse_utils import FlexibleArgumentParser

try:
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
except ImportError:
    from vllm.entrypoints.openai.cli_args import make_arg_parser

if __name__ == "__main__":
    arguments = make_arg_parser(FlexibleArgumentParser()).parse_args()
    arguments.api_server_count = 0
    run_headless(arguments)
