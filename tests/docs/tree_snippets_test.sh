#!/usr/bin/env bash
# Checks the documents of the tree that this test was built from.
set -euo pipefail
exec tests/docs/check_snippets "$(dirname "$(readlink -f WORKSPACE)")"
