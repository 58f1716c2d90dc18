"""Where the program starts: an interrupt ends it with a word, even while its first modules are being read."""

import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command line of this process and return its exit code."""
    try:
        from .cli import main as run

        return run()
    except KeyboardInterrupt:
        from ..knowledge.messages import say

        print(say("cli.interrupted"), file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
