#!/usr/bin/env bash
# cargo with one build folder for every clone on this machine, so that a fresh clone
# does not compile the dependencies again.
set -euo pipefail
# What make passes on to its own children is nothing for rustc.
unset MAKEFLAGS MFLAGS MAKELEVEL
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/visavis/target}"
exec cargo "$@"
