#!/usr/bin/env bash
# From a fresh clone to a serving API: build what has changed, then become the silo.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
urls="http://127.0.0.1:8774"
data="$root/var"
config=""

usage() {
  cat <<HELP
usage: ./run.sh [--urls URL] [--data DIR] [--config FILE]
       ./run.sh build        # builds when something has changed, and starts nothing
       ./run.sh hash-password --user NAME --project NAME [--roles ROLE,ROLE] < password    # a line of the users file

  --urls URL      where the API listens; several are separated by ';'   (default $urls)
  --data DIR      where everything that must survive is kept             (default $data)
  --config FILE   a JSON configuration file that is read on top of the defaults

Builds in Release when a source is newer than the last build, then runs the silo in the foreground. Ctrl-C stops it.
The environment variable Orleans=package or Orleans=polyfill forces one of the two builds (docs/building.md).
HELP
}

die() { printf 'run.sh: %s\n' "$1" >&2; exit "${2:-1}"; }

command=()
[[ "${1:-}" != build || $# -gt 1 ]] || { only_build=1; set --; }
[[ "${1:-}" != hash-password ]] || { command=("$@"); set --; }

while (($#)); do
  case "$1" in
    -h|--help) usage; exit 0 ;;
    --urls|--data|--config)
      (($# >= 2)) && [[ -n "$2" ]] || die "$1 needs a value (see --help)" 2
      case "$1" in --urls) urls="$2" ;; --data) data="$2" ;; --config) config="$2" ;; esac
      shift 2 ;;
    --urls=*) urls="${1#*=}"; shift ;;
    --data=*) data="${1#*=}"; shift ;;
    --config=*) config="${1#*=}"; shift ;;
    *) die "unknown argument '$1' (see --help)" 2 ;;
  esac
done
[[ -z "$config" || -r "$config" ]] || die "cannot read the configuration file '$config'" 2

command -v dotnet >/dev/null || die "the .NET SDK is missing: 'dotnet' is not on the PATH (needed: 10.0 or newer, https://dot.net)"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

silo="$root/src/InstanceTasks.Silo/bin/Release/net10.0/instancetasks-silo.dll"
stamp="$root/obj/run.stamp"
log="$root/obj/run-build.log"
wanted="Orleans=${Orleans:-auto} OrleansVersion=${OrleansVersion:-default} sources=${RestoreAdditionalProjectSources:-none}"

# A directory is newer when something in it was added, renamed or deleted, so directories count as well as files.
is_built() {
  [[ -f "$silo" && -f "$stamp" && "$(<"$stamp")" == "$wanted" ]] || return 1
  [[ -f "$root/.orleans-choice.props" || -n "${Orleans:-}" ]] || return 1
  local newer
  newer="$(find "$root/src" "$root"/Directory.* "$root/global.json" "$root/.editorconfig" "$root/BannedSymbols.txt" \
    \( -name bin -o -name obj \) -prune -o -newer "$stamp" -print -quit)"
  [[ -z "$newer" ]]
}

build() {
  local sdk started=$SECONDS
  if ! sdk="$(cd "$root" && dotnet --version 2>/dev/null)"; then
    die "the .NET SDK is too old or missing: global.json asks for$(sed -nE 's/.*"version": *"([^"]+)".*/ \1/p' "$root/global.json") or newer, installed: $(dotnet --list-sdks 2>/dev/null | cut -d' ' -f1 | paste -sd' ' | grep . || echo none)"
  fi
  mkdir -p "$root/obj"
  printf 'Building with .NET SDK %s (the first time takes a minute or two) ...\n' "$sdk"
  local begun="$root/obj/run.begun"
  printf '%s' "$wanted" >"$begun"
  if ! (cd "$root" && dotnet build src/InstanceTasks.Silo/InstanceTasks.Silo.csproj -c Release --nologo -v m -tl:off --disable-build-servers) >"$log" 2>&1; then
    cat "$log" >&2
    die "the build failed; its output is above and in $log"
  fi
  grep -m1 '^ *Orleans: built' "$log" | sed 's/^ *//' || true
  # Stamped with the time at which the build began: what changes while it runs is built next time.
  # A build writes below src (bin, obj), which touches the project directories themselves; these get the stamp's time back.
  find "$root/src" -mindepth 1 -maxdepth 1 -type d -newer "$begun" -exec touch -r "$begun" {} +
  mv "$begun" "$stamp"
  printf 'Built in %d s.\n' "$((SECONDS - started))"
}

if ((${#command[@]})); then
  is_built || build >&2
  exec dotnet "$silo" "${command[@]}"
fi
is_built || build
[[ -z "${only_build:-}" ]] || exit 0

arguments=(--urls "$urls" --data "$data")
[[ -z "$config" ]] || arguments+=(--config "$config")
exec dotnet "$silo" "${arguments[@]}"
