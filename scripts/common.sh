# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
#
# What the commands in this folder share; sourced by them.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' plain=$'\e[0m'
else
  bold='' plain=''
fi

say() { printf '%s%s%s\n' "$bold" "$*" "$plain"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# build PRESET TARGET...: configures if need be and builds the targets in build/PRESET; quiet unless it fails.
build() {
  local preset=$1 log
  shift
  log=$root/build/$preset.log
  mkdir -p "$root/build"
  if ! (cd "$root" && cmake --preset "$preset" && cmake --build --preset "$preset" --target "$@") >"$log" 2>&1; then
    grep -A 20 -E 'error|FAILED|CMake Error' "$log" | head -n 60 >&2 || tail -n 40 "$log" >&2
    printf 'building %s failed; all of it: %s\n' "$preset" "$log" >&2
    return 1
  fi
}
