import errno
import os
from collections.abc import Iterator

import pytest
from ftadvisor.knowledge.messages import use_language
from ftadvisor.knowledge.refusal import reason_of


@pytest.fixture
def chinese() -> Iterator[None]:
    use_language("zh")
    yield
    use_language(None)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("code", [errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOSPC, errno.EROFS])
def test_a_common_refusal_is_told_in_chinese(code: int) -> None:
    assert not reason_of(OSError(code, os.strerror(code), "file")).isascii()


def test_a_rare_refusal_is_told_as_the_system_tells_it() -> None:
    assert reason_of(OSError(errno.ELOOP, "a loop", "file")) == "a loop"
    assert reason_of(OSError("odd")) == "odd"
