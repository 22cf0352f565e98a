"""Where the packaged program starts."""

import multiprocessing
import sys

from explorer.cli import main

if __name__ == "__main__":
    # Engine processes of a frozen program start by running this file again.
    multiprocessing.freeze_support()
    sys.exit(main())
