"""How large the state of a Mamba, linear-attention or convolution layer is.

It does not grow with the text: a convolution's last inputs, and a matrix that sums up the past.
Source: MambaStateShapeCalculator of vLLM 0.32 (model_executor/layers/mamba/mamba_utils.py).
"""

from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]


def state_numbers(config: Config, hidden: int) -> int:
    """Numbers that one such layer keeps for one sequence; 0 when the model has none."""
    if number(config, "linear_num_value_heads"):
        return _gated_delta_net(config)
    if kernel := number(config, "conv_L_cache"):
        return hidden * (kernel - 1)
    if number(config, "mamba_d_state", "ssm_state_size", "state_size"):
        return _mamba(config, hidden)
    inner = config.get("linear_attn_config")
    if isinstance(inner, dict):
        heads, width = number(inner, "num_heads"), number(inner, "head_dim")
        kernel = number(inner, "short_conv_kernel_size") or 1
        return heads * width * width + 3 * heads * width * (kernel - 1)
    if isinstance(config.get("attn_type_list"), list):  # lightning attention: one matrix per head
        heads = number(config, "num_attention_heads")
        width = number(config, "head_dim") or hidden // max(1, heads)
        return heads * width * width
    return 0


def _gated_delta_net(config: Config) -> int:
    """Qwen3-Next and its kin."""
    keys = number(config, "linear_num_key_heads") * number(config, "linear_key_head_dim")
    value_heads = number(config, "linear_num_value_heads")
    value_dim = number(config, "linear_value_head_dim")
    kernel = number(config, "linear_conv_kernel_dim") or 4
    convolution = (2 * keys + value_heads * value_dim) * (kernel - 1)
    return convolution + value_heads * value_dim * number(config, "linear_key_head_dim")


def _mamba(config: Config, hidden: int) -> int:
    """Mamba 1 has no groups; of Mamba 2 the convolution also sees them."""
    states = number(config, "mamba_d_state", "ssm_state_size", "state_size")
    kernel = number(config, "mamba_d_conv", "conv_kernel", "d_conv") or 4
    heads = number(config, "mamba_n_heads", "mamba_num_heads")
    width = number(config, "mamba_d_head", "mamba_head_dim")
    expand = number(config, "mamba_expand", "expand") or 2
    inner = number(config, "mamba_d_ssm") or heads * width or expand * hidden
    groups = number(config, "mamba_n_groups", "n_groups") if heads else 0
    return (inner + 2 * groups * states) * (kernel - 1) + inner * states


def number(config: Config, *names: str) -> int:
    """The first of the names that holds a whole number above zero, else 0."""
    values = (config.get(name) for name in names)
    return next((v for v in values if type(v) is int and v > 0), 0)
