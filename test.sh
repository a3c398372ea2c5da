#!/usr/bin/env bash
# Build everything once, run the test suites one after the other, count. The last line is the result.
set -uo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$root" || exit 1

usage() {
  cat <<HELP
usage: ./test.sh [--full] [SUITE...]

  --full   also the tests of category Full (up to four hours)
  SUITE    part of the name of a project in tests/, such as Engine or EndToEnd (default: all)

As root, Debian packages that the tests need and that are missing are installed (no service is started); then a test that
lacks its client fails. Otherwise it is skipped, and says what it lacks. Results are kept in TestResults/.
HELP
}

full=0
wanted=()
for argument in "$@"; do
  case "$argument" in
    -h|--help) usage; exit 0 ;;
    --full) full=1 ;;
    -*) printf "test.sh: unknown option '%s' (see --help)\n" "$argument" >&2; exit 2 ;;
    *) wanted+=("$argument") ;;
  esac
done

passed=0 failed=0 skipped=0
without="" # a condition that leaves out what cannot run here
begun=$SECONDS
budget=$((full ? 4 * 3600 : 85 * 60)) # the end of it all; 30 minutes is what it should take on two cores
results="$root/TestResults"
run="$(cat /proc/sys/kernel/random/uuid 2>/dev/null || echo "$$-$RANDOM-$RANDOM")"
policy="" # the policy-rc.d that this script made, if it made one
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

minutes() { awk -v s="$1" 'BEGIN { printf "%.1f min", s / 60 }'; }
problem() { printf 'FAILED: %s\n' "$1"; failed=$((failed + 1)); }

# Whatever a test starts inherits the mark, also what it puts into a session or a process group of its own.
marked() {
  local entry pid
  for entry in /proc/[0-9]*; do
    pid="${entry#/proc/}"
    [[ "$pid" != "$$" && "$pid" != "$BASHPID" ]] || continue
    grep -qzxF "INSTANCETASKS_TEST_RUN=$run" "$entry/environ" 2>/dev/null && printf '%s\n' "$pid"
  done
}

end_processes() {
  local pids pid tries=0
  # A test host that has reported takes a moment to leave.
  while pids="$(marked)" && [[ -n "$pids" ]] && ((tries++ < 10)); do sleep 0.3; done
  for pid in $pids; do
    printf 'left over by %s, killed: %s\n' "$1" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-150)"
    kill -KILL "$pid" 2>/dev/null
  done
}

finish() {
  [[ -z "$policy" ]] || rm -f "$policy"
  policy=""
}
trap finish EXIT
trap 'finish; [[ -z "${current:-}" ]] || kill -TERM -- "-$current" 2>/dev/null; end_processes "an interrupted run" >&2; exit 130' INT TERM

verdict() {
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0 && passed > 0))
  exit
}

# --- what the tests need --------------------------------------------------------------------------------------------

install_missing() {
  local packages=() log="$results/apt.log"
  command -v openstack >/dev/null || packages+=(python3-openstackclient)
  [[ -x /usr/bin/chromium ]] || packages+=(chromium)
  command -v keystone-manage >/dev/null || packages+=(keystone)
  [[ -x /usr/bin/uwsgi_python3 ]] || packages+=(uwsgi-core uwsgi-plugin-python3)
  [[ -d /usr/lib/python3/dist-packages/tempest/lib/api_schema ]] || packages+=(python3-tempest)
  compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || packages+=(postgresql)
  [[ -x /usr/sbin/haproxy ]] || packages+=(haproxy)
  command -v curl >/dev/null || packages+=(curl)
  compgen -G "/usr/lib/*-linux-gnu*/faketime/libfaketimeMT.so.1" >/dev/null || packages+=(libfaketime)
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    [[ " ${packages[*]} " != *" postgresql "* ]] || without='&Requires!=postgresql'
    ((${#packages[@]} == 0)) || printf 'Missing, and only root on Debian can install it here: %s. Tests that need it are skipped.\n' "${packages[*]}"
    return
  fi
  export INSTANCETASKS_REQUIRE_CLIENTS=1
  ((${#packages[@]})) || return 0
  printf 'Installing %s ... ' "${packages[*]}"
  # Maintainer scripts ask this file before they start a service.
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  fi
  local started=$SECONDS install=(apt-get install -y --no-install-recommends "${packages[@]}")
  export DEBIAN_FRONTEND=noninteractive
  if "${install[@]}" >"$log" 2>&1 || { apt-get update >>"$log" 2>&1 && "${install[@]}" >>"$log" 2>&1; }; then
    printf 'done, %s\n' "$(minutes $((SECONDS - started)))"
  else
    printf 'not possible (%s):\n' "$log"
    tail -n 3 "$log"
    printf 'Tests that need it will fail.\n'
  fi
  finish
}

# --- suites ---------------------------------------------------------------------------------------------------------

projects=()
choose_suites() {
  local project name part
  for project in tests/*.Tests/*.Tests.csproj; do
    name="$(basename "$project" .csproj)"
    if ((${#wanted[@]} == 0)); then projects+=("$project"); continue; fi
    for part in "${wanted[@]}"; do
      if [[ "${name,,}" == *"${part,,}"* ]]; then projects+=("$project"); break; fi
    done
  done
  ((${#projects[@]})) || { printf "test.sh: no suite is called '%s'\n" "${wanted[*]}" >&2; exit 2; }
}

with_packages() {
  [[ "${Orleans:-}" == package ]] || { [[ -z "${Orleans:-}" ]] && grep -qs '<OrleansAnswer>package<' .orleans-choice.props; }
}

build() {
  local log="$results/build.log" started=$SECONDS targets=(InstanceTasks.sln) target
  ((${#wanted[@]} == 0)) || targets=("${projects[@]}")
  for target in "${targets[@]}"; do
    if ! dotnet build "$target" -c Release --nologo -v m -tl:off --disable-build-servers >>"$log" 2>&1; then
      grep -E 'error|warning' "$log" | sort -u | head -n 40
      problem "the build ($log)"
      verdict
    fi
  done
  grep -m1 '^ *Orleans: built' "$log" | sed 's/^ *//'
  printf '%-44s %9s\n' "build" "$(minutes $((SECONDS - started)))"
}

attribute() { sed -nE "s/.*<Counters[^>]* $1=\"([0-9]+)\".*/\1/p" "$2" | head -n 1; }

# name, then what it says of itself, for each test that was skipped
print_skips() {
  awk '/<UnitTestResult / { skip = /outcome="NotExecuted"/; name = $0; sub(/.* testName="/, "", name); sub(/".*/, "", name); if (skip) printf "    skipped: %s", name }
       skip && /<(Message|StdOut)>/ { text = $0; gsub(/ *<\/?(Message|StdOut)> */, "", text); if (!(name in said)) printf " (%s)", text; said[name] = 1 }
       skip && (/<\/UnitTestResult>/ || /<UnitTestResult .*\/>/) { printf "\n"; skip = 0 }' "$1"
}

run_suite() {
  local project="$1" name
  name="$(basename "$project" .csproj)"
  case "$name" in
    Orleans.Polyfill.Tests) ! with_packages || return 0 ;;
    Orleans.Behaviour.Tests) with_packages || return 0 ;; # the polyfill's suite has them, too
  esac
  execute "$name" "$name" "$project" -c Release --no-build -tl:off
  # Grains and their tests do not know on how many silos they are; the few tests that need one say so.
  [[ "$name" != InstanceTasks.Grains.Tests ]] || more='&Silos!=1' INSTANCETASKS_SILOS=3 execute "$name" "$name.three" "$project" -c Release --no-build -tl:off
}

# With the packages: what needs the polyfill all the same (its own tests, and the faults of a network that only it can make) is built and
# run beside them, so that both builds are tried wherever both can be had. The real assemblies are there to be compared with: none is missing.
run_with_polyfill() {
  local project="$1" name log="$results/polyfill-build.log"
  name="$(basename "$project" .csproj)"
  [[ "$name" == Orleans.Polyfill.Tests || "$name" == InstanceTasks.Grains.Tests ]] && with_packages || return 0
  if ! dotnet build "$project" -c Release -p:Orleans=polyfill -p:OrleansMissing=nothing --artifacts-path "$results/polyfill" --nologo -v m -tl:off --disable-build-servers >>"$log" 2>&1; then
    grep -E 'error|warning' "$log" | sort -u | head -n 40
    problem "the build of $name with the polyfill ($log)"
    return
  fi
  if [[ "$name" == InstanceTasks.Grains.Tests ]]; then
    # One silo of the polyfill would show little that one of the packages does not.
    INSTANCETASKS_SILOS=3 execute "$name" "$name.polyfill.three" "$results/polyfill/bin/$name/release/$name.dll"
  else
    execute "$name" "$name.polyfill" "$results/polyfill/bin/$name/release/$name.dll"
  fi
}

# suite, name of its results, and what 'dotnet test' is to run
execute() {
  local name="$1" label="$2" log trx code started=$SECONDS left
  shift 2
  log="$results/$label.log" trx="$results/$label.trx"
  left=$((budget - (SECONDS - begun)))
  if ((left <= 0)); then problem "$label did not run: the budget of $((budget / 60)) minutes is used up"; return; fi
  local conditions="$without${more:-}" filter=()
  ((full)) || conditions="&Category!=Full$conditions"
  [[ -z "$conditions" ]] || filter=(--filter "${conditions:1}")
  INSTANCETASKS_TEST_RUN="$run" timeout --kill-after=10 "$left" dotnet test "$@" --nologo \
    "${filter[@]}" --logger "trx;LogFileName=$trx" --logger 'console;verbosity=normal' --results-directory "$results/$label" \
    --blame --blame-hang-timeout 10m --blame-hang-dump-type none >"$log" 2>&1 &
  current=$!
  wait "$current"
  code=$?
  current=""
  end_processes "$label"
  count "$name" "$label" "$trx" "$log" "$code" "$((SECONDS - started))"
}

count() {
  local name="$1" label="$2" trx="$3" log="$4" code="$5" seconds="$6" total executed ok bad
  total=0 executed=0 ok=0
  if [[ -s "$trx" ]]; then
    total="$(attribute total "$trx")" executed="$(attribute executed "$trx")" ok="$(attribute passed "$trx")"
  fi
  total=${total:-0} executed=${executed:-0} ok=${ok:-0}
  bad=$((executed - ok))
  printf '%-44s %9s   %d passed, %d failed, %d skipped\n' "$label" "$(minutes "$seconds")" "$ok" "$bad" "$((total - executed))"
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + total - executed))
  ((total == executed)) || print_skips "$trx"
  [[ ! -s "$trx" ]] || sed -nE 's/^ *(<StdOut>)?report: (.*)/    \2/p' "$trx" | sed -E 's/<.*//'
  if ((bad > 0)); then
    grep -E -A 14 '^ +Failed |\[FAIL\]' "$log" | head -n 120
    printf '    all of it: %s\n' "$log"
  elif ((code != 0)); then
    grep -A 4 'The test running when' "$log" || tail -n 25 "$log"
    problem "$label ended with code $code although no test failed: a test host crashed or hung, or the time was up ($log)"
  elif ((total == 0)) && ! grep -rqs '"Category", "Full"' "tests/$name" --include='*.cs'; then
    problem "$label has no test that ran ($log)"
  fi
}

# --------------------------------------------------------------------------------------------------------------------

command -v dotnet >/dev/null || { printf "test.sh: 'dotnet' is not on the PATH (needed: .NET SDK 10.0 or newer, https://dot.net)\n" >&2; exit 1; }
dotnet --version >/dev/null 2>&1 || { printf 'test.sh: no installed .NET SDK suits global.json; installed: %s\n' "$(dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')" >&2; exit 1; }
rm -rf "$results"
mkdir -p "$results"
choose_suites
install_missing
build
for project in "${projects[@]}"; do run_suite "$project"; done
for project in "${projects[@]}"; do run_with_polyfill "$project"; done
printf '%-44s %9s\n' "all" "$(minutes $((SECONDS - begun)))"
((full || SECONDS - begun <= 30 * 60)) || printf 'That is more than the 30 minutes that it should take.\n'
verdict
