"""Answer with a causal model from a folder, by its own chat template."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...knowledge.quiet import quiet_libraries
from ..evidence import Sentence
from ..extra import needs_extra
from ..follow_up import Turn
from ..thoughts import Speech
from . import Draft, Passage, Piece
from ._prompt import Messages, Reply, messages, read_draft, read_question, read_reply, rewriting_messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MOST_TOKENS = 512


class LocalGenerator:
    """Let the model write, always the likeliest word; where the passages are too long for it, the last are left out."""

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - any causal model
        tokenizer: "PreTrainedTokenizerBase",
        most_tokens: int = MOST_TOKENS,
    ) -> None:
        self._model, self._tokenizer, self._most_tokens = model, tokenizer, most_tokens

    def answer(self, question: str, passages: Sequence[Passage], sentences: Sequence[Sentence], piece: Piece) -> Draft:
        """Return what the model answers to question and passages."""
        most = len(passages)
        while most > 1 and len(self._tokens(messages(question, passages[:most]))) > self._room():
            most -= 1
        return read_draft(self._reply(messages(question, passages[:most]), piece), most)

    def in_full(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as the model puts it in full."""
        return read_question(self.complete(rewriting_messages(question, history)), question)

    def _room(self) -> int:
        limit = getattr(self._model.config.get_text_config(), "max_position_embeddings", None) or 4096
        return max(int(limit) - self._most_tokens, int(limit) // 2)

    def _tokens(self, conversation: Messages) -> list[int]:
        template = self._tokenizer.chat_template
        if template is None:
            text = "\n\n".join(turn["content"] for turn in conversation) + "\n\n"
            return list(self._tokenizer(text).input_ids)
        # a model that can think first is told not to; templates of others do not look at the last setting
        text = str(
            self._tokenizer.apply_chat_template(
                conversation, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        )
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def complete(self, conversation: Messages, piece: Piece = lambda _: None) -> str:
        """Return what the model says next in a conversation.

        Raises:
            RefusedError: It was cut off inside its thoughts.
        """
        return self._reply(conversation, piece).text

    def _reply(self, conversation: Messages, piece: Piece) -> Reply:
        import torch
        from transformers import TextStreamer

        class Pieces(TextStreamer):
            """Hand on each piece of text as soon as its characters are whole."""

            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                written.append(text)
                speech.hear(text)

        written, speech = list[str](), Speech(piece)
        tokens = self._tokens(conversation)[-self._room() :]
        ids = torch.tensor([tokens], device=self._model.device)
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=self._most_tokens,
                do_sample=False,
                temperature=None,  # a model's own sampling settings would only cause warnings
                top_p=None,
                top_k=None,
                pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                streamer=Pieces(self._tokenizer, skip_prompt=True, skip_special_tokens=True),
            )
        speech.end()
        cut = made.shape[1] - len(tokens) >= self._most_tokens and int(made[0, -1]) not in self._ends()
        return read_reply("".join(written), cut, self._most_tokens)

    def _ends(self) -> set[int]:
        """Return the tokens with which the model ends what it says."""
        ends = self._model.generation_config.eos_token_id
        return {*ends} if isinstance(ends, list) else {ends}


def open_generator(name: str, most_tokens: int | None = None) -> LocalGenerator:
    """Return the generator of a model's folder.

    Raises:
        UserError: There is no such folder, or it holds no causal model.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise UserError(say("answers.no_generator", name=name), say("answers.no_generator_hint"))
    quiet_libraries()
    with needs_extra():
        from transformers import AutoModelForCausalLM, AutoTokenizer
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="auto", use_safetensors=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise UserError(say("answers.no_model", name=name, reason=reason), say("answers.no_generator_hint")) from error
    return LocalGenerator(model.eval().to(_device()), tokenizer, most_tokens or MOST_TOKENS)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
