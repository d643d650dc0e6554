"""python -m secondhop_cli, the same as the command `secondhop`."""

import sys

from secondhop_cli.main import main

sys.exit(main())
