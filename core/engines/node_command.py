"""What to run on the other machines of a recipe: one command line, to be copied there. Pure.

We start and watch what runs here. The parts elsewhere are started by a person (or their job
system), with the same model at the same path, and wait until this machine's part begins.
"""

import shlex

import msgspec

from core.engines import sglang, vllm
from core.engines.flags import flags_of
from core.engines.nodes import sglang_flags, vllm_flags
from core.errors import Invalid, Refused
from core.recipes.recipe import Recipe
from core.recipes.secrets_in_env import REFERENCE

RAY_PORT = 6379


class NodeCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command line for a POSIX shell, and what must be true where it runs."""

    text: str
    notes: tuple[str, ...] = ()


def node_command(recipe: Recipe, rank: int) -> NodeCommand:
    """For the machine with this rank, 0 being this one.

    Raises Refused when the recipe runs on one machine, Invalid for a rank that it does not have.
    """
    if recipe.spread_by is None:
        raise Refused(
            f"{recipe.id} runs on this machine alone",
            code="no-nodes",
            next_action=f"Spread it: vllm-studio recipes edit {recipe.id} --set nodes=2",
        )
    if not 0 <= rank < (recipe.nodes or 1):
        most = (recipe.nodes or 1) - 1
        raise Invalid(f"{recipe.id} has the ranks 0 to {most}, not {rank}", field="rank")
    if recipe.spread_by == "ray":
        return _ray(recipe, rank)
    if rank == 0:
        raise Refused(
            "rank 0 is this machine's part",
            code="rank-here",
            next_action=f"Start it here: vllm-studio switch {recipe.id}",
        )
    return _engine(recipe, rank)


def _ray(recipe: Recipe, rank: int) -> NodeCommand:
    address = recipe.node_address or f"HEAD:{RAY_PORT}"
    same = "The same versions of Ray, Python and vLLM on every machine."
    guarded = (
        "Before that: `ray get-auth-token --generate` on one, ~/.ray/auth_token copied to the "
        "others, RAY_AUTH_MODE=token on all and in the recipe's env; without it, whoever "
        "reaches Ray's ports can run programs there."
    )
    if rank == 0:
        text = f"ray start --head --port={address.rpartition(':')[2]}"
        return NodeCommand(text=text, notes=(same, guarded))
    return NodeCommand(text=f"ray start --address={shlex.quote(address)}", notes=(same, guarded))


def _engine(recipe: Recipe, rank: int) -> NodeCommand:
    if recipe.engine == "sglang":
        words: tuple[str, ...] = (
            *("python", "-m", "sglang.launch_server", "--model-path", recipe.model),
            *flags_of(recipe, sglang.FLAGS),
            *sglang.experts(recipe),
            *sglang_flags(recipe, rank),
        )
    else:
        words = (
            *("vllm", "serve", recipe.model),
            *flags_of(recipe, vllm.FLAGS),
            *vllm.gpu_kv_cache(recipe),
            *vllm_flags(recipe, rank),
        )
    notes = [
        f"The same version of {recipe.engine}, and {recipe.model} under the same name.",
        f"{recipe.node_address} must be reachable; nothing there asks for a key, so keep "
        "it on a network of your own.",
    ]
    plain = {n: v for n, v in recipe.env.items() if not v.startswith(REFERENCE)}
    if secret := sorted(set(recipe.env) - set(plain)):
        notes.append(f"Set {', '.join(secret)} there first: secrets stay on this machine.")
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in plain.items())
    text = variables + shlex.join((*words, *recipe.extra_args))
    return NodeCommand(text=text, notes=tuple(notes))
