"""Hold a local model's answers to a form: before each token, take away those that would leave it."""

import json
import re
from typing import TYPE_CHECKING, Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .constraint import Constraint, Labels, Written
from .models import require

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

AS_WRITTEN = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON as most texts that models learnt from have it; with free white space a model may write nothing else."""


def check_installed() -> None:
    """Verify that what holds a local model to a form is installed.

    Raises:
        UserError: It is not; says the command that installs it.
    """
    require("llguidance")


class Vocabulary:
    """Know the texts of a tokenizer's tokens, which takes a second to gather.

    Args:
        tokenizer: The model's own.

    Raises:
        UserError: llguidance is not installed, or cannot read this kind of tokenizer.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        reader = require("llguidance.hf")
        self.end: int = tokenizer.eos_token_id
        try:
            self.tokens: Any = reader.from_tokenizer(tokenizer, n_vocab=len(tokenizer))
        except (ValueError, TypeError, AttributeError) as error:  # whatever a tokenizer of another make lacks
            problem = str(error).strip().split("\n")[0]
            raise UserError(
                say("evaluation.no_vocabulary", problem=problem), say("evaluation.no_vocabulary_hint")
            ) from error


class Holding:
    """Hold a batch of answers to a form, as a logits processor of transformers' ``generate``.

    Args:
        vocabulary: The tokenizer's.
        constraint: The form.
        rows: Number of answers in the batch.

    Raises:
        UserError: The form cannot be held to, for example since a pattern looks ahead.
    """

    def __init__(self, vocabulary: Vocabulary, constraint: Constraint, rows: int) -> None:
        matcher = require("llguidance").LLMatcher
        grammar = _grammar(matcher, constraint)
        if problem := matcher.validate_grammar(grammar, vocabulary.tokens):
            raise UserError(say("evaluation.wrong_form", problem=problem.strip()), say("evaluation.wrong_form_hint"))
        self._bits = require("llguidance.torch")
        self._end = vocabulary.end
        self._mask = self._bits.allocate_token_bitmask(1, vocabulary.tokens.vocab_size)
        self._matchers = [matcher(vocabulary.tokens, grammar) for _ in range(rows)]
        self._begun = False

    def __call__(self, input_ids: "Tensor", scores: "Tensor") -> "Tensor":
        """Return the scores with minus infinity for each token that leaves the form.

        Args:
            input_ids: All tokens so far, shape ``(rows, length)``.
            scores: Of the next token, shape ``(rows, vocabulary)``.
        """
        allowed = scores.new_full(scores.shape, -float("inf"))
        for place, matcher in enumerate(self._matchers):
            if self._begun and not matcher.is_stopped():
                matcher.consume_token(int(input_ids[place, -1]))
            if matcher.is_stopped():  # the answer is complete; what follows is padding
                allowed[place, self._end] = 0.0
                continue
            self._bits.fill_next_token_bitmask(matcher, self._mask, 0)
            row = scores[place : place + 1].float().cpu().clone()
            self._bits.apply_token_bitmask_inplace(row, self._mask)
            allowed[place] = row[0].to(allowed)
        self._begun = True
        return allowed


def _grammar(matcher: Any, constraint: Constraint) -> str:  # noqa: ANN401 - llguidance's own
    if isinstance(constraint, Labels):
        return str(matcher.grammar_from_regex("|".join(_spaced(re.escape(name)) for name in constraint.names)))
    if isinstance(constraint, Written):
        return str(matcher.grammar_from_regex(f"(?s:{_spaced(constraint.pattern)})"))
    return str(matcher.grammar_from_json_schema(json.dumps(constraint.schema), overrides=AS_WRITTEN))


def _spaced(pattern: str) -> str:
    """Return a pattern with white space as it is: Rust's expressions, unlike Python's, do not let it be escaped."""
    return re.sub(r"\\(.)", lambda pair: pair[1] if pair[1].isspace() else pair[0], pattern, flags=re.DOTALL)
