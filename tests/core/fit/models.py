"""Real models by their real configurations, with headers as their files have them.

Shapes and names are those of the published checkpoints; no weights are needed to know them.
"""

import json
from pathlib import Path
from typing import Any

from core.fit.architecture import read_architecture
from core.fit.on_disk import ModelFiles
from core.fit.weights import group
from core.models.safetensors_header import Tensor

Config = dict[str, Any]
Shapes = dict[str, tuple[int, ...]]

LLAMA_3_8B: Config = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "rope_scaling": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
QWEN3_32B: Config = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "head_dim": 128,
    "hidden_size": 5120,
    "intermediate_size": 25600,
    "max_position_embeddings": 40960,
    "max_window_layers": 64,
    "num_attention_heads": 64,
    "num_hidden_layers": 64,
    "num_key_value_heads": 8,
    "sliding_window": None,
    "use_sliding_window": False,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 151936,
}
MISTRAL_7B: Config = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 32768,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "sliding_window": 4096,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 32000,
}
GEMMA_3_27B: Config = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "model_type": "gemma3",
    "torch_dtype": "bfloat16",
    "text_config": {
        "model_type": "gemma3_text",
        "head_dim": 128,
        "hidden_size": 5376,
        "intermediate_size": 21504,
        "max_position_embeddings": 131072,
        "num_attention_heads": 32,
        "num_hidden_layers": 62,
        "num_key_value_heads": 16,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 1024,
        "sliding_window_pattern": 6,
        "tie_word_embeddings": True,
        "vocab_size": 262208,
    },
    "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27},
}
DEEPSEEK_V2_LITE: Config = {
    "architectures": ["DeepseekV2ForCausalLM"],
    "model_type": "deepseek_v2",
    "first_k_dense_replace": 1,
    "hidden_size": 2048,
    "intermediate_size": 10944,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "moe_intermediate_size": 1408,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "num_attention_heads": 16,
    "num_experts_per_tok": 6,
    "num_hidden_layers": 27,
    "num_key_value_heads": 16,
    "q_lora_rank": None,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "rope_scaling": {"factor": 40, "type": "yarn", "original_max_position_embeddings": 4096},
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "v_head_dim": 128,
    "vocab_size": 102400,
}
MIXTRAL_8X7B: Config = {
    "architectures": ["MixtralForCausalLM"],
    "model_type": "mixtral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 32768,
    "num_attention_heads": 32,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 32000,
}
BAMBA_9B: Config = {
    "architectures": ["BambaForCausalLM"],
    "model_type": "bamba",
    "attn_layer_indices": [9, 18, 27],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "mamba_d_conv": 4,
    "mamba_d_head": 64,
    "mamba_d_state": 128,
    "mamba_expand": 2,
    "mamba_n_groups": 1,
    "mamba_n_heads": 128,
    "max_position_embeddings": 262144,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
QWEN3_NEXT_80B: Config = {
    "architectures": ["Qwen3NextForCausalLM"],
    "model_type": "qwen3_next",
    "full_attention_interval": 4,
    "head_dim": 256,
    "hidden_size": 2048,
    "intermediate_size": 5120,
    "linear_conv_kernel_dim": 4,
    "linear_key_head_dim": 128,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "linear_value_head_dim": 128,
    "max_position_embeddings": 262144,
    "moe_intermediate_size": 512,
    "num_attention_heads": 16,
    "num_experts": 512,
    "num_experts_per_tok": 10,
    "num_hidden_layers": 48,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 151936,
}


def dense(config: Config, prefix: str = "model.") -> Shapes:
    """The tensors of a Llama-like model."""
    width, wide = config["hidden_size"], config["intermediate_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    dim = config.get("head_dim", width // heads)
    shapes: Shapes = {f"{prefix}embed_tokens.weight": (config["vocab_size"], width)}
    for layer in range(config["num_hidden_layers"]):
        at = f"{prefix}layers.{layer}."
        shapes |= {
            f"{at}self_attn.q_proj.weight": (heads * dim, width),
            f"{at}self_attn.k_proj.weight": (kv_heads * dim, width),
            f"{at}self_attn.v_proj.weight": (kv_heads * dim, width),
            f"{at}self_attn.o_proj.weight": (width, heads * dim),
            f"{at}mlp.gate_proj.weight": (wide, width),
            f"{at}mlp.up_proj.weight": (wide, width),
            f"{at}mlp.down_proj.weight": (width, wide),
            f"{at}input_layernorm.weight": (width,),
            f"{at}post_attention_layernorm.weight": (width,),
        }
    shapes[f"{prefix}norm.weight"] = (width,)
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (config["vocab_size"], width)
    return shapes


def mixtral(config: Config = MIXTRAL_8X7B) -> Shapes:
    """Mixtral's: an MLP for each expert, and a router."""
    width, wide = config["hidden_size"], config["intermediate_size"]
    shapes = {name: shape for name, shape in dense(config).items() if ".mlp." not in name}
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}.block_sparse_moe."
        shapes[f"{at}gate.weight"] = (config["num_local_experts"], width)
        for expert in range(config["num_local_experts"]):
            shapes[f"{at}experts.{expert}.w1.weight"] = (wide, width)
            shapes[f"{at}experts.{expert}.w2.weight"] = (width, wide)
            shapes[f"{at}experts.{expert}.w3.weight"] = (wide, width)
    return shapes


def tensors(shapes: Shapes, dtype: str = "BF16", size: int = 2) -> dict[str, Tensor]:
    """A header of these shapes."""
    made, end = {}, 0
    for name, shape in shapes.items():
        count = size
        for length in shape:
            count *= length
        made[name] = Tensor(dtype=dtype, shape=shape, data_offsets=(end, end + count))
        end += count
    return made


def files(config: Config, shapes: Shapes | None = None, dtype: str = "BF16") -> ModelFiles:
    """A model as it is read from disk."""
    architecture = read_architecture(config)
    assert architecture is not None
    size = {"BF16": 2, "F16": 2, "F32": 4}[dtype]
    header = tensors(dense(config) if shapes is None else shapes, dtype, size)
    total = sum(tensor.bytes for tensor in header.values())
    return ModelFiles(architecture=architecture, tensors=group(header), size=total)


def write(folder: Path, config: Config, shapes: Shapes | None = None) -> Path:
    """The model as a folder: configuration and header, with no weights behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    header = {
        name: {"dtype": t.dtype, "shape": t.shape, "data_offsets": t.data_offsets}
        for name, t in tensors(dense(config) if shapes is None else shapes).items()
    }
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    return folder
