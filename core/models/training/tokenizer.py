"""The demo model's own byte-level BPE: any text can be written, common text is short."""

import random
from pathlib import Path

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    trainers,
)
from transformers import (
    PreTrainedTokenizerFast,
)

from core.models.training.conversations import conversation

VOCABULARY = 1400
CONTEXT = 4096

_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_PLAIN = (
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
)


def build_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """Train it on conversations and give it the chat template."""
    tokenizer = Tokenizer(models.BPE())
    # Single digits: numbers are copied and counted digit by digit.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(seed), trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _SPECIAL])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in _PLAIN])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = Path(__file__).with_name("chat_template.jinja").read_text()
    return fast


def _corpus(seed: int) -> list[str]:
    rng = random.Random(seed)
    texts = [segment.text for _ in range(2000) for segment in conversation(rng)]
    for token in (*_SPECIAL, *_PLAIN):
        texts = [text.replace(token, "") for text in texts]
    return texts
