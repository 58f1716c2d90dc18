"""How long 1,000 recommendations take: ``python tests/benchmarks/recommend_speed.py``.

The bars are 5 seconds in brief and 60 seconds with estimates and what would change the advice. Timings decide no test.
"""

import random
import time

from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.question import Question

COUNT = 1000


def draw_profiles(count: int) -> list[Profile]:
    """Return profiles drawn from the questions' options, a third of the answers unknown."""
    draw = random.Random(17)
    questions = [question for question in load(Question).values() if question.option]
    return [
        Profile().with_answers(
            "asked", **{one.id: draw.choice(one.option).value for one in questions if draw.random() > 1 / 3}
        )
        for _ in range(count)
    ]


def measure(brief: bool) -> str:
    """Time all recommendations: by the clock, and by the processor, which other work on the machine does not delay."""
    profiles = draw_profiles(COUNT)
    started, worked = time.perf_counter(), time.process_time()
    for profile in profiles:
        recommend(profile, brief).to_json()
    return f"{time.perf_counter() - started:.1f} s, of the processor {time.process_time() - worked:.1f} s"


if __name__ == "__main__":
    print(f"{COUNT} in brief: {measure(True)} (bar 5 s)")
    print(f"{COUNT} in full:  {measure(False)} (bar 60 s)")
