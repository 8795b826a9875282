"""What is amiss with the model or the way to it."""

from core.engines.failures.known import row

MODEL = (
    row(
        "model-gated",
        r"GatedRepoError|[Gg]ated repo|(?:401|403) Client Error|Access to model .+ is restricted",
        "the hub does not give out this model without permission",
        "Accept the model's licence on its hub page and set HF_TOKEN in the recipe's env.",
    ),
    row(
        "needs-remote-code",
        r"requires you to execute the|contains custom code which must be executed"
        r"|(?:option|argument) `trust_remote_code=True`",
        "the model brings code of its own, and running it is switched off",
        "Read that code; if you trust its author, switch trust_remote_code on in the recipe.",
    ),
    row(
        "model-incomplete",
        r"presence of a '(?P<config>config\.json)'"
        r"|not appear to have a file named (?P<file>\S+?)\.?(?:\s|$)",
        "the model folder is not complete: {config}{file} is missing",
        "Check the path; it must hold config.json, the tokenizer and the weights.",
    ),
    row(
        "model-incomplete",
        r"Unrecognized model in \S+\. Should have a `model_type` key",
        "its config.json does not say what kind of model it is",
        "Check the model: config.json must hold model_type, as in the original.",
    ),
    row(
        "weights-missing",
        r"Cannot find any model weights with `(?P<model>[^`]+)`"
        r"|Error no file named .{5,160} found in directory (?P<folder>\S+?)\.?(?:\s|$)",
        "there are no weights in {model}{folder}",
        "Download the model again, or correct its path; load_format must fit its files.",
    ),
    row(
        "tokenizer-missing",
        r"Can't load tokenizer for '(?P<model>[^']+)'|Couldn't instantiate the backend tokenizer"
        r"|(?P<vocab>error loading model vocabulary)",
        "its tokenizer can not be loaded",
        "Check for tokenizer.json in the model's folder, or set tokenizer to where it is.",
    ),
    row(
        "chat-template-missing",
        r"chat template string \((?P<file>[^)]+)\) appears path-like, but doesn't exist"
        r"|Chat template (?P<file2>\S+) is not a built-in template name",
        "there is no chat template at {file}{file2}",
        "Correct chat_template, or clear it to use the model's own.",
        remedy={"chat_template": None},
    ),
    row(
        "model-missing",
        r"Repo id must be in the form .*: '(?P<model>[^']+)'|(?P<model2>\S+) is not a local folder",
        "there is no model {model}{model2}",
        "Correct the recipe's model: an existing folder, or a hub id such as Qwen/Qwen3-8B.",
    ),
    row(
        "model-unknown",
        r"RepositoryNotFoundError|Repository Not Found for url|RevisionNotFoundError",
        "the hub has no such model or revision",
        "Check the spelling of the model and its revision; a private one needs HF_TOKEN.",
    ),
    row(
        "hub-unreachable",
        r"outgoing traffic has been disabled|LocalEntryNotFoundError|OfflineModeIsEnabled"
        r"|(?:couldn't|can't|cannot) connect to .{0,3}https?://|NameResolutionError|MaxRetryError",
        "the model is not on this machine and the hub can not be reached",
        "Check the network, or download the model first.",
        may_pass=True,
    ),
    row(
        "model-damaged",
        r"SafetensorError|HeaderTooLarge|MetadataIncompleteBuffer|PytorchStreamReader failed",
        "a weights file is damaged or not fully downloaded",
        "Delete the model's files and download them again.",
    ),
    row(
        "architecture-unknown",
        r"Model architectures? \[?(?P<name>'?[\w', ]+'?)\]? (?:is|are) not supported"
        r"|model type `(?P<kind>[\w-]+)` but Transformers does not recognize"
        r"|Model architecture (?P<gone>\w+) was supported in vLLM until"
        r"|unknown model architecture: '(?P<gguf>[^']+)'"
        r"|Unrecognized configuration class <class '[\w.]*?(?P<config>\w+)'> for this kind of Auto",
        "this version of the engine does not know the model's architecture "
        "({name}{kind}{gone}{gguf}{config})",
        "Install a newer version of the engine, or use another one.",
    ),
    row(
        "quantization-needs-newer-gpu",
        r"quantization method (?P<name>\S+) is not supported for the current GPU\. Minimum "
        r"capability: (?P<need>\d+)\.(?: Current capability: (?P<have>\d+))?",
        "{name} needs a GPU of compute capability {need} (in tenths), and this one has {have}",
        "Choose the model in another quantization, or without one.",
    ),
    row(
        "quantization-dtype",
        r"(?P<dtype>\S+) is not supported for quantization method (?P<name>\S+?)\. Supported "
        r"dtypes: \[torch\.float16\]",
        "{name} works in float16 only, and the dtype is {dtype}",
        "Set dtype to float16.",
        remedy={"dtype": "float16"},
    ),
    row(
        "quantization-kernel-missing",
        r"[Pp]lease install (?P<what>bitsandbytes\S*)"
        r"|ImportError: .{0,60}quantization requires (?:the )?`?(?P<what2>(?!an? )[\w.>=-]+)",
        "the package that runs this quantization is not installed: {what}{what2}",
        "Install it into the runtime, or choose the model in another quantization.",
    ),
    row(
        "quantization",
        r"Quantization method specified in the model config \((?P<have>\w+)\) does not match"
        r"|Unknown quantization method:? (?P<name>\S+)"
        r"|(?P<other>\w+) quantization is currently not",
        "the quantization of the recipe does not fit the model or the machine "
        "({have}{name}{other})",
        "Clear the recipe's quantization to use the model's own.",
        remedy={"quantization": None},
    ),
    row(
        "lora-rank",
        r"LoRA rank (?P<rank>\d+) is greater than max_lora_rank (?P<most>\d+)",
        "a LoRA has rank {rank}, and the engine is set up for {most}",
        "Add --max-lora-rank {rank} to extra_args.",
    ),
)
