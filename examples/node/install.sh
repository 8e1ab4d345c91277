#!/usr/bin/env bash
# Installs the locked Node clients beside this script. The newest clients want Node 22, which the package "node" brings along.
set -euo pipefail
cd "$(dirname "$0")"
stamp=node_modules/.installed
if [ "$stamp" -nt package-lock.json ] && [ -x node_modules/node/bin/node ]; then exit 0; fi
command -v npm >/dev/null || { echo 'npm is needed for the Node clients' >&2; exit 1; }
npm ci --loglevel=error
node_modules/node/bin/node --version
touch "$stamp"
