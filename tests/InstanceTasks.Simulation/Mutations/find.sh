#!/usr/bin/env bash
# Plants each bug of this folder into a copy of the sources and looks how many seeds it takes to find it. By hand, never in CI: half an hour.
# usage: find.sh [--seeds N] [PATCH...]      (default: every patch, at most 10000 seeds each)
set -uo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
seeds=10000
[[ "${1:-}" != --seeds ]] || { seeds="$2"; shift 2; }
patches=("$@")
((${#patches[@]})) || patches=("$here"/*.patch)

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
(cd "$root" && { git ls-files --cached --others --exclude-standard src tests/InstanceTasks.Simulation; ls Directory.* global.json .editorconfig BannedSymbols.txt tests/BannedSymbols.txt .orleans-choice.props 2>/dev/null; } | sort -u | tar cf - -T -) | tar xf - -C "$scratch"
cd "$scratch" || exit 1
build() { dotnet build tests/InstanceTasks.Simulation -c Release --nologo -v q -tl:off --disable-build-servers -p:RunAnalyzers=false "$@" >build.log 2>&1; }
build || { grep -m 5 error build.log; exit 1; }

missed=0
printf '| planted bug | found at seed | what was seen |\n|---|---|---|\n'
for patch in "${patches[@]}"; do
  name="$(basename "$patch" .patch)"
  if ! git apply -p1 "$patch"; then
    printf '| %s | does not apply | |\n' "$name"; missed=$((missed + 1)); continue
  fi
  if ! build --no-restore; then
    printf '| %s | does not compile | |\n' "$name"; grep -m 3 error build.log >&2; missed=$((missed + 1))
  else
    found="$(tests/InstanceTasks.Simulation/bin/Release/net10.0/instancetasks-simulation run --from 1 --seeds "$seeds" --stop 2>&1 | grep -m1 '^seed ')"
    if [[ -z "$found" ]]; then
      printf '| %s | **not within %d** | |\n' "$name" "$seeds"; missed=$((missed + 1))
    else
      printf '| %s | %s | %s |\n' "$name" "$(sed -E 's/^seed ([0-9]+):.*/\1/' <<<"$found")" "$(sed -E 's/^seed [0-9]+: //' <<<"$found" | cut -c1-140)"
    fi
  fi
  git apply -p1 -R "$patch"
done
((missed == 0))
