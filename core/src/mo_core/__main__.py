"""`python -m mo_core` is the command `mo`."""

from mo_core.app.process import main

main()
