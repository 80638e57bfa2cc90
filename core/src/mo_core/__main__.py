"""`python -m mo_core` is the command `mo`."""

import sys

from mo_core.app.cli import main

sys.exit(main())
