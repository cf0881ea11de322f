"""`python -m console` is `pilothouse`."""

import sys

from console.cli import main

if __name__ == "__main__":
    sys.exit(main())
