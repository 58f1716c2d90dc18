import pytest
from ftadvisor.executors.classifier import classifier_ids, classifier_module
from ftadvisor.executors.meanings import meaning
from ftadvisor.executors.method import method_ids, method_module
from ftadvisor.executors.metrics import FieldOptions
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.step import step_kinds, step_module
from ftadvisor.executors.task import task_class, task_ids
from ftadvisor.knowledge.messages import speaking
from pydantic import BaseModel

RECORDS: dict[str, type[BaseModel]] = {
    "model": ModelSource,
    "field": FieldOptions,
    **{kind: step_module(kind).Options for kind in step_kinds()},
    **{classifier: classifier_module(classifier).Options for classifier in classifier_ids()},
    **{method: method_module(method).Options for method in method_ids()},
    **{task: task_class(task).Options for task in task_ids()},
}


@pytest.mark.parametrize("name", RECORDS)
def test_every_option_of_a_plan_is_explained_in_both_languages(name: str) -> None:
    record = RECORDS[name]
    for option, field in record.model_fields.items():
        if option == "kind":
            continue
        with speaking("en"):
            english = meaning(record, option)
        with speaking("zh"):
            chinese = meaning(record, option)
        assert english, option
        assert english == (field.description or english), f"{option}: knowledge/messages/options.toml differs"
        assert chinese != english, option
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), option
