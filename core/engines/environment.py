"""The child's environment: chosen by name, so that nothing of ours or of others slips through.

An engine runs other people's code next to other people's models. It gets what a GPU program needs
to find its libraries, caches and devices, and what the recipe says; no `PYTHONPATH`, no keys.
"""

from collections.abc import Mapping
from pathlib import Path

ALWAYS = frozenset(
    str.split(
        "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR LD_LIBRARY_PATH DYLD_LIBRARY_PATH "
        "CC CXX CUDACXX SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE SYSTEMROOT WINDIR TEMP TMP "
        "SYSTEMDRIVE USERPROFILE APPDATA LOCALAPPDATA PROGRAMDATA PATHEXT COMSPEC "
        "NUMBER_OF_PROCESSORS"
    )
)
FAMILIES = tuple(
    str.split(
        "LC_ CUDA_ NVIDIA_ NCCL_ ROCR_ HIP_ XDG_ OMP_ MKL_ KMP_ TORCH_ TORCHINDUCTOR_ PYTORCH_ "
        "TRITON_ VLLM_ SGLANG_ SGL_ FLASHINFER_ HF_ GLOO_ UCX_ RAY_"
    )
)
FOR_THE_HUB = frozenset(
    str.split(
        "HF_TOKEN HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy "
        "no_proxy"
    )
)
NEVER = ("VLLM_STUDIO_", "VLLM_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "API_KEY", "CREDENTIAL")

QUIET = {
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "PYTHONUNBUFFERED": "1",
    # setproctitle would write its title over the environment that proves the process is ours
    "SPT_NOENV": "1",
    # longer than any pool in front keeps an idle connection: who closes first decides who fails
    "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "120",
}
# CUDA's own order, fastest first, makes index 0 another card than the one every tool shows
COUNT_AS_NVML = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def is_local(model: str) -> bool:
    """Whether a model is meant as a folder or file here, and not as a hub id "owner/name"."""
    return model.startswith(("/", "~", ".")) or "\\" in model or Path(model).is_absolute()


def child_environment(
    host: Mapping[str, str],
    *,
    model: str,
    devices: tuple[int | str, ...] = (),
    defaults: Mapping[str, str] | None = None,
    recipe_env: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Everything the child gets. Later beats earlier: host, ours, the engine's, the recipe's."""
    hub = bool(model) and not is_local(model)
    chosen = {name: value for name, value in host.items() if _may_pass(name, hub=hub)}
    chosen |= QUIET | COUNT_AS_NVML | (OFFLINE if is_local(model) else {}) | dict(defaults or {})
    if devices:
        chosen["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, devices))
    return chosen | dict(recipe_env or {})


def _may_pass(name: str, *, hub: bool) -> bool:
    if hub and name in FOR_THE_HUB:
        return True
    if name.startswith(NEVER) or any(word in name.upper() for word in SECRET_WORDS):
        return False
    return name in ALWAYS or name.startswith(FAMILIES)
