"""Why the system refused to read or write, in the user's language."""

import errno

from .messages import say

_SAID = {
    errno.ENOENT: "missing",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
    errno.EISDIR: "folder",
    errno.ENOTDIR: "no_folder",
    errno.EEXIST: "exists",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
}


def reason_of(error: OSError) -> str:
    """Return why, in words of ours for what happens often and in the system's own otherwise."""
    if error.errno in _SAID:
        return say(f"problems.refused.{_SAID[error.errno]}")
    return error.strerror or str(error)
