"""A step that makes a folder of files, as an index build does, and stands in for it in tests."""

from typing import Literal

from ftadvisor.executors.step import OutputName, Result, StepContext, StepOptions
from ftadvisor.knowledge.durable import write_text
from pydantic import Field


class Options(StepOptions):
    kind: Literal["build_index"] = "build_index"
    words: list[str] = Field(["a", "b"], description="what goes in")
    top_k: int = Field(3, ge=1, le=100, description="how many passages")
    weight: float = Field(0.5, gt=0, description="how much")
    exact: bool = Field(False, description="whether to be exact")
    output: OutputName = Field("index", description="its folder")


def execute(options: Options, context: StepContext) -> Result:
    folder = context.output(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    for number, word in enumerate(options.words):
        write_text(folder / f"{number}.txt", word)
        context.progress("words", number + 1, len(options.words))
    context.event("built", words=len(options.words))
    return {"words": len(options.words), "output": options.output}
