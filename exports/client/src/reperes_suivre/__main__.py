"""`python -m reperes_suivre`: the same as the command."""

import sys

from reperes_suivre.cli import main

sys.exit(main())
