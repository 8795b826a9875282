"""How many bytes of weights each GPU holds, from the headers of the files alone.

    a matrix of a layer       a slice on each GPU of the tensor-parallel group
    keys and values           whole heads: with fewer heads than GPUs, some hold the same ones
    embeddings                a slice of the vocabulary each
    norms, routers, MLA's     the same on every GPU
      compressing matrices
    experts                   a slice of each, or whole experts (`expert_parallel`)
    layers                    spread over the stages of the pipeline

Sources: the parallel linear layers and `get_pp_indices` of vLLM 0.32 (model_executor/layers/
linear.py, distributed/utils.py). SGLang splits alike.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from core.fit.architecture import Architecture
from core.fit.number_formats import FLOATS, compressed_width, width
from core.fit.plan import Plan
from core.models.safetensors_header import Tensor

_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks|block)\.(\d+)\.")
_EXPERT = re.compile(r"\.experts?\.")
_EXPERT_NUMBER = re.compile(r"\.experts\.\d+\.")
_NOT_TEXT = re.compile(r"vision|visual|audio|image|multi_modal|mm_projector|speech")
_EMBEDDING = re.compile(r"(?:embed_tokens|word_embeddings|wte|embed_in|tok_embeddings)\.weight$")
_HEAD = re.compile(r"(?:^|\.)(?:lm_head|output|embed_out)\.weight$")
_KEYS_VALUES = re.compile(r"\.(?:k_proj|v_proj)\.")
_SAME_EVERYWHERE = re.compile(r"norm|\.gate\.weight$|router|kv_a_proj|q_a_proj|\.indexer\.")
_LEFT_OUT = re.compile(r"rotary_emb\.inv_freq$|\.attn\.masked_bias$")
_PREDICTION = re.compile(r"(?:^|\.)mtp\.")


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Tensors of one name, number format and shape; `count` is above one only for experts."""

    name: str
    dtype: str
    dimensions: int
    elements: int  # of all of them together
    bytes: int
    count: int = 1


def group(tensors: Mapping[str, Tensor]) -> tuple[Stored, ...]:
    """A header as few rows: a mixture's tens of thousands of tensors are alike in each layer."""
    rows: dict[tuple[str, str, tuple[int, ...]], list[Tensor]] = {}
    for name, tensor in tensors.items():
        common = _EXPERT_NUMBER.sub(".experts.0.", name)
        rows.setdefault((common, tensor.dtype, tensor.shape), []).append(tensor)
    return tuple(
        Stored(
            name=name,
            dtype=dtype,
            dimensions=len(shape),
            elements=sum(one.elements for one in alike),
            bytes=sum(one.bytes for one in alike),
            count=len(alike),
        )
        for (name, dtype, shape), alike in rows.items()
    )


def stage_weights(tensors: Iterable[Stored], model: Architecture, plan: Plan) -> list[int]:
    """Bytes on one GPU of each pipeline stage, first to last."""
    tensors = tuple(tensors)
    stages = [0.0] * plan.pipeline
    stage_of = _stages(len(model.layers), plan.pipeline)
    stored = _stored_float(tensors)
    for tensor in tensors:
        name = tensor.name
        if _is_left_out(name, model, plan):
            continue
        size = loaded_bytes(tensor, model, plan, stored) * _share(tensor, model, plan)
        if (layer := _layer_of(name)) is not None and layer < len(stage_of):
            stages[stage_of[layer]] += size
        elif _HEAD.search(name) or ("norm" in name and not _NOT_TEXT.search(name)):
            stages[-1] += size
        else:
            stages[0] += size
            if plan.pipeline > 1 and model.tied and _EMBEDDING.search(name):
                stages[-1] += size  # the last stage needs it as its output
    return [round(size) for size in stages]


def layers_of_stages(count: int, pipeline: int) -> list[list[int]]:
    """The layers of each stage. What is over goes to the stages before the last one."""
    sizes = [count // pipeline] * pipeline
    for place in range(2, count % pipeline + 2):
        sizes[-place] += 1
    starts = [sum(sizes[:stage]) for stage in range(pipeline)]
    return [list(range(start, start + size)) for start, size in zip(starts, sizes, strict=True)]


def spread(size: int, plan: Plan) -> list[int]:
    """Weights of which only the whole is known: evenly over everything."""
    return [round(size / plan.tensor / plan.pipeline)] * plan.pipeline


def loaded_bytes(tensor: Stored, model: Architecture, plan: Plan, stored: str | None) -> float:
    """What a tensor takes once loaded: cast to the model's format, or compressed on the way."""
    if tensor.dtype not in FLOATS:
        return tensor.bytes
    if plan.quantization and model.quantization is None and _compressible(tensor):
        return tensor.elements * compressed_width(plan.quantization)
    if tensor.dtype == "F32" != stored:
        return tensor.bytes  # kept exact on purpose, beside weights of another format
    return tensor.elements * model_width(model, plan, stored)


def model_width(model: Architecture, plan: Plan, stored: str | None = None) -> float:
    """Bytes of one number in the format that the engine computes in."""
    if plan.dtype and plan.dtype != "auto":
        return width(plan.dtype)
    own = 4.0 if stored == "F32" else width(model.dtype)
    # vLLM and SGLang load a float32 checkpoint in sixteen bits unless told otherwise
    return min(own, 2.0) if plan.engine != "transformers" else own


def _stored_float(tensors: Iterable[Stored]) -> str | None:
    """The number format that most of the uncompressed weights are stored in."""
    sizes: Counter[str] = Counter()
    for tensor in tensors:
        if tensor.dtype in FLOATS:
            sizes[tensor.dtype] += tensor.elements
    return sizes.most_common(1)[0][0] if sizes else None


def _compressible(tensor: Stored) -> bool:
    """Linear layers are compressed while loading, embeddings, norms and routers are not."""
    name = tensor.name
    if tensor.dimensions < 2 or _EMBEDDING.search(name) or _HEAD.search(name):
        return False
    return not re.search(r"norm|\.gate\.weight$|router|conv1d", name) and not _NOT_TEXT.search(name)


def _is_left_out(name: str, model: Architecture, plan: Plan) -> bool:
    layer = _layer_of(name)
    beyond = layer is not None and layer >= len(model.layers)  # DeepSeek's prediction layers
    predicting = beyond or _PREDICTION.search(name) is not None
    tied_twice = model.tied and _HEAD.search(name) is not None
    return tied_twice or _LEFT_OUT.search(name) is not None or (predicting and not plan.multi_token)


def _share(tensor: Stored, model: Architecture, plan: Plan) -> float:
    """The part of a tensor that one GPU of the tensor-parallel group holds."""
    name = tensor.name
    if plan.tensor == 1 and not (plan.experts_apart and plan.data > 1):
        return 1.0
    if _EXPERT.search(name) and "shared" not in name:
        return _share_of_experts(model, plan)
    if _SAME_EVERYWHERE.search(name) or (tensor.dimensions < 2 and not name.endswith("bias")):
        return 1.0
    if _KEYS_VALUES.search(name) and 0 < model.kv_heads < plan.tensor:
        return 1 / model.kv_heads
    return 1 / plan.tensor


def _share_of_experts(model: Architecture, plan: Plan) -> float:
    if not plan.experts_apart or not model.experts:
        return 1 / plan.tensor
    group = plan.tensor * plan.data
    return -(-model.experts // group) / model.experts


def _stages(count: int, pipeline: int) -> list[int]:
    """The stage of each layer."""
    stages = layers_of_stages(count, pipeline)
    return [stage for stage, layers in enumerate(stages) for _ in layers]


def _layer_of(name: str) -> int | None:
    if _NOT_TEXT.search(name):
        return None
    found = _LAYER.search(name)
    return int(found.group(1)) if found else None
