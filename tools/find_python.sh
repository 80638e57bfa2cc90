#!/bin/sh
# Prints the newest Python from 3.10 on that can make environments. Names are tried, since a name may be a shim that fails.
for name in python3.13 python3.12 python3.11 python3.10 python3 python; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        echo "$name"
        exit 0
    fi
done
echo "No Python 3.10 or newer with venv and pip was found; install one, or name it: make PYTHON=/path/to/python3" >&2
exit 1
