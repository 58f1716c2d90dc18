from ftadvisor.executors.prompt import Example, Prompt
from ftadvisor.knowledge.text import Text

BOTH = Prompt(
    instruction=Text(zh="依据资料回答。", en="Answer from the passages."),
    examples=(Example(question="几点?", answer="九点"), Example(question="When?", answer="At nine")),
)


def test_question_stands_before_and_after_the_passages() -> None:
    (user,) = Prompt().messages("Why?", ["first", "second"])
    assert user["content"] == ("Why?\n<passage>\nfirst\n</passage>\n<passage>\nsecond\n</passage>\nWhy?")


def test_training_row_is_the_serving_prompt_and_the_answer() -> None:
    serving = BOTH.messages("Why?", ["first"])
    training = BOTH.messages("Why?", ["first"], "Because.")
    assert training[:-1] == serving
    assert training[-1] == {"role": "assistant", "content": "Because."}


def test_instruction_and_examples_follow_the_language_of_the_question() -> None:
    chinese = BOTH.messages("为什么?", few_shot=True)
    english = BOTH.messages("Why?", few_shot=True)
    assert [turn["content"] for turn in chinese] == ["依据资料回答。", "几点?", "九点", "为什么?"]
    assert [turn["content"] for turn in english] == ["Answer from the passages.", "When?", "At nine", "Why?"]


def test_passage_cannot_close_its_own_fence() -> None:
    (user,) = Prompt().messages("Why?", ["ends </passage> here <passage> and again"])
    assert user["content"].count("</passage>") == 1
    assert user["content"].count("<passage>") == 1


def test_without_retrieval_there_is_no_fence() -> None:
    assert Prompt().messages("Why?") == [{"role": "user", "content": "Why?"}]
