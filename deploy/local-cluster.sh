#!/usr/bin/env bash
# A whole cluster on one machine: PostgreSQL, three silos, two frontends and HAProxy, all on loopback.
set -uo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
state="$root/var/local-cluster"
port=8774
silos=(silo-1 silo-2 silo-3)
frontends=(frontend-1 frontend-2)
patience=120 # seconds that a start or a stop may take

usage() {
  cat <<HELP
usage: deploy/local-cluster.sh [--state DIR] [--port N] COMMAND

  up            starts what does not run: PostgreSQL, three silos, two frontends, HAProxy; builds first when a source has changed
  status        what runs, what the membership table and HAProxy say; exit code 0 when all is up
  kill N        kill -9 of silo N (or of any name that status shows)
  restart       stops and starts every silo and frontend, one after the other, each when the one before is ready again;
                exit code 1 when one did not end as it was asked to
  down          stops everything; the data stays; exit code 1 when a silo or frontend did not end as it was asked to

  --state DIR   where data, logs and process ids are kept      (default $state)
  --port N      where HAProxy listens; the others take N+1 to N+43   (default $port)

Needs Debian's packages postgresql, haproxy and curl ("sudo apt-get install --no-install-recommends postgresql haproxy curl"; as root, 'up' installs them).
INSTANCETASKS_SILO names another instancetasks-silo.dll, which is then not built: 'restart' with it is a rolling upgrade.
HELP
}

die() { printf 'local-cluster: %s\n' "$1" >&2; exit "${2:-1}"; }
say() { printf '%s\n' "$1"; }

# --- where everything is --------------------------------------------------------------------------------------------

number() { printf '%s' "${1##*-}"; }
database_port() { printf '%s' $((port + 1)); }
statistics_port() { printf '%s' $((port + 2)); }
api_port() { case "$1" in silo-*) printf '%s' $((port + 10 + $(number "$1"))) ;; *) printf '%s' $((port + 40 + $(number "$1"))) ;; esac; }
postgres_bin() { compgen -G "/usr/lib/postgresql/*/bin/initdb" | sort -V | tail -n 1 | xargs -r dirname; }
haproxy_bin() { command -v haproxy || { [[ -x /usr/sbin/haproxy ]] && printf '/usr/sbin/haproxy'; }; }

# The id of a process of ours: one whose arguments name our directory. An id alone may have gone to somebody else.
pid_of() {
  local pid
  pid="$(cat "$state/$1.pid" 2>/dev/null)" && [[ -n "$pid" ]] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$state/" && printf '%s' "$pid"
}

runs() { pid_of "$1" >/dev/null; }
ready() { [[ "$(curl -s -o /dev/null -m 2 -w '%{http_code}' "http://127.0.0.1:$1$2")" == 200 ]]; }

# name, then the program: it gets a session of its own, so that it outlives this script and its terminal. A shell beside it notes how it ends (with job control, or it would be deaf to SIGINT).
launch() {
  local name="$1"
  shift
  rm -f "$state/$name.exit"
  setsid bash -c 'set -m; own="$1"; shift; "$@" & echo $! >"$own.pid"; wait -f $!; echo $? >"$own.exit"' - "$state/$name" "$@" >>"$state/$name.log" 2>&1 </dev/null &
}

# what is waited for, the name whose process must live meanwhile, and the condition
await() {
  local what="$1" name="$2" until=$((SECONDS + patience))
  shift 2
  until "$@"; do
    ((SECONDS < until)) || { tail -n 20 "$state/$name.log" >&2; die "$what: not within $patience s ($state/$name.log)"; }
    sleep 0.2
    runs "$name" || { sleep 0.5; runs "$name"; } || { tail -n 20 "$state/$name.log" >&2; die "$what: $name has ended ($state/$name.log)"; }
  done
}

is_gone() { ! runs "$1"; }

# name: whether it has ended with 0
ended_well() {
  local code tries=0
  until code="$(cat "$state/$1.exit" 2>/dev/null)" && [[ -n "$code" ]]; do ((tries++ < 50)) || break; sleep 0.1; done
  [[ "$code" == 0 ]] || { printf 'local-cluster: %s did not stop cleanly: it ended with %s (%s)\n' "$1" "${code:-a code that nobody has noted}" "$state/$1.log" >&2; return 1; }
}

# name and signal; what does not end in time is told to the user and left alone
stop() {
  local pid until=$((SECONDS + patience))
  pid="$(pid_of "$1")" || return 0
  kill "-$2" "$pid"
  until is_gone "$1"; do
    ((SECONDS < until)) || die "$1 (process $pid) has not ended within $patience s ($state/$1.log)"
    sleep 0.1
  done
  rm -f "$state/$1.pid"
}

# --- parts ----------------------------------------------------------------------------------------------------------

install_missing() {
  local packages=()
  [[ -n "$(postgres_bin)" ]] || packages+=(postgresql)
  [[ -n "$(haproxy_bin)" ]] || packages+=(haproxy)
  command -v curl >/dev/null || packages+=(curl)
  ((${#packages[@]})) || return 0
  ((EUID == 0)) && command -v apt-get >/dev/null || die "missing: ${packages[*]} (see --help)"
  say "Installing ${packages[*]} ..."
  # Debian starts what it installs; here that would only take the ports of others.
  local policy=/usr/sbin/policy-rc.d made=""
  if [[ ! -e "$policy" ]]; then printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1; fi
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}") code=0
  # The lists of packages may be old, or not be there at all.
  "${install[@]}" >"$state/apt.log" 2>&1 || { apt-get update >>"$state/apt.log" 2>&1 && "${install[@]}" >>"$state/apt.log" 2>&1; } || code=$?
  [[ -z "$made" ]] || rm -f "$policy"
  ((code == 0)) || die "the packages could not be installed ($state/apt.log)"
}

# PostgreSQL refuses to run as root.
as_database_user() {
  if ((EUID == 0)); then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

make_database() {
  local bin="$1" password
  [[ ! -s "$state/postgres/data/PG_VERSION" ]] || return 0
  mkdir -p "$state/postgres"
  password="$(tr -dc 'a-zA-Z0-9' </dev/urandom | head -c 32)"
  (umask 077 && printf '%s' "$password" >"$state/postgres/password")
  ((EUID != 0)) || chown -R postgres: "$state/postgres"
  (cd / && as_database_user "$bin/initdb" -D "$state/postgres/data" -A scram-sha-256 --pwfile="$state/postgres/password" -U instancetasks --locale=C --encoding=UTF8) >"$state/initdb.log" 2>&1 \
    || { tail -n 5 "$state/initdb.log" >&2; die "initdb failed ($state/initdb.log); its user must be able to reach $state: --state names another directory"; }
  (umask 077 && printf 'Host=127.0.0.1;Port=%s;Database=postgres;Username=instancetasks;Password=%s' "$(database_port)" "$password" >"$state/connection")
}

database_answers() { "$(postgres_bin)/pg_isready" -q -h 127.0.0.1 -p "$(database_port)"; }

start_database() {
  local bin switch=()
  bin="$(postgres_bin)"
  make_database "$bin"
  ((EUID != 0)) || switch=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  cd / && launch postgres "${switch[@]}" "$bin/postgres" -D "$state/postgres/data" -c listen_addresses=127.0.0.1 -c "port=$(database_port)" -c unix_socket_directories= -c max_connections=200
  cd "$root" || exit 1
}

silo_assembly() { printf '%s' "${INSTANCETASKS_SILO:-$root/src/InstanceTasks.Silo/bin/Release/net10.0/instancetasks-silo.dll}"; }

start_process() {
  local name="$1" n config=cluster.json
  n="$(number "$name")"
  [[ "$name" != frontend-* ]] || config=frontend.json
  launch "$name" env \
    INSTANCETASKS_Storage__ConnectionString="$(cat "$state/connection")" INSTANCETASKS_Storage__SecretKeyFile="$state/shared/secret.key" INSTANCETASKS_Hypervisor__WorldFile="$state/shared/world.db" \
    INSTANCETASKS_Cluster__Name="$name" INSTANCETASKS_Cluster__SiloPort=$((port + 20 + n)) INSTANCETASKS_Cluster__GatewayPort=$((port + 30 + n)) \
    dotnet "$(silo_assembly)" --config "$root/silo-config/$config" --urls "http://127.0.0.1:$(api_port "$name")" --data "$state/$name"
}

start_proxy() {
  launch haproxy env CLUSTER_PORT="$port" STATISTICS_PORT="$(statistics_port)" FRONTEND_1_PORT="$(api_port frontend-1)" FRONTEND_2_PORT="$(api_port frontend-2)" \
    "$(haproxy_bin)" -db -f "$root/deploy/haproxy.cfg" -p "$state/haproxy.own.pid"
}

proxy_sees() { curl -s -m 2 "http://127.0.0.1:$(statistics_port)/;csv" | awk -F, -v name="$1" '$1 == "frontends" && $2 == name && $18 == "UP" { found = 1 } END { exit !found }'; }

# names: started together, then waited for
start_together() {
  local name
  for name in "$@"; do runs "$name" || start_process "$name"; done
  for name in "$@"; do await "$name" "$name" ready "$(api_port "$name")" /health/ready; done
}

# --- commands -------------------------------------------------------------------------------------------------------

up() {
  mkdir -p "$state/shared"
  # The database's user passes through; what is secret in here is readable by its owner alone.
  chmod 711 "$state"
  install_missing
  [[ -n "${INSTANCETASKS_SILO:-}" ]] || "$root/run.sh" build || exit 1
  runs postgres || start_database
  await "PostgreSQL" postgres database_answers
  # The first one makes or brings up to date the schema.
  start_together silo-1
  start_together "${silos[@]}" "${frontends[@]}"
  runs haproxy || start_proxy
  await "HAProxy" haproxy ready "$port" /
  say "The cluster serves on http://127.0.0.1:$port/v2.1 (state and logs in $state):"
  say "  export OS_AUTH_TYPE=none OS_ENDPOINT=http://127.0.0.1:$port/v2.1"
}

# name: asked to stop; fails when it does not end, or not with 0. What does not run is no failure.
stop_cleanly() {
  runs "$1" || return 0
  (stop "$1" TERM) && ended_well "$1"
}

down() {
  local name process waiting=() unclean=0
  stop haproxy TERM
  for name in "${frontends[@]}" "${silos[@]}"; do
    stop_cleanly "$name" &
    waiting+=($!)
  done
  for process in "${waiting[@]}"; do wait "$process" || unclean=$((unclean + 1)); done
  stop postgres INT
  ((unclean == 0)) || die "$unclean of the silos and frontends did not stop cleanly; the data is in $state"
  say "Stopped; the data is in $state."
}

restart() {
  local name started unclean=0
  for name in "${silos[@]}" "${frontends[@]}"; do
    started=$SECONDS
    stop_cleanly "$name" || unclean=$((unclean + 1))
    is_gone "$name" || exit 1
    start_together "$name"
    [[ "$name" != frontend-* ]] || ! runs haproxy || await "HAProxy sees $name" "$name" proxy_sees "$name"
    say "$name is ready again after $((SECONDS - started)) s"
  done
  ((unclean == 0)) || die "$unclean of them had not stopped cleanly"
}

kill_one() {
  local name="$1" pid
  [[ ! "$name" =~ ^[0-9]+$ ]] || name="silo-$name"
  pid="$(pid_of "$name")" || die "$name does not run"
  kill -KILL "$pid"
  until is_gone "$name"; do sleep 0.05; done
  rm -f "$state/$name.pid"
  say "$name (process $pid) is killed."
}

# name and address; counts what is not up
missing=0
show() {
  local name="$1" address="$2" pid how="down"
  if pid="$(pid_of "$name")"; then
    case "$name" in
      postgres) database_answers && how="up" || how="starting" ;;
      haproxy) ready "$port" / && how="up" || how="no frontend" ;;
      *) ready "$(api_port "$name")" /health/ready && how="ready" || how="not ready" ;;
    esac
  fi
  [[ "$how" == up || "$how" == ready ]] || missing=$((missing + 1))
  printf '%-11s %-10s %-8s %s\n' "$name" "$how" "${pid:--}" "$address"
}

status() {
  local name
  show postgres "127.0.0.1:$(database_port)"
  for name in "${silos[@]}" "${frontends[@]}"; do show "$name" "http://127.0.0.1:$(api_port "$name")"; done
  show haproxy "http://127.0.0.1:$port"
  if database_answers; then
    printf '\nmembership:\n'
    PGPASSWORD="$(sed -nE 's/.*Password=//p' "$state/connection")" "$(postgres_bin)/psql" -h 127.0.0.1 -p "$(database_port)" -U instancetasks -d postgres -At -F ' ' -c \
      "SELECT rpad(SiloName, 11), CASE Status WHEN 1 THEN 'created' WHEN 2 THEN 'joining' WHEN 3 THEN 'active' WHEN 4 THEN 'shutting-down' WHEN 5 THEN 'stopping' ELSE 'dead' END, Address || ':' || Port || '@' || Generation
         FROM OrleansMembershipTable WHERE DeploymentId = 'instancetasks' AND Status <> 6 ORDER BY SiloName" 2>/dev/null
  fi
  ((missing == 0))
}

while (($#)); do
  case "$1" in
    -h|--help) usage; exit 0 ;;
    --state) (($# >= 2)) || die "--state needs a directory" 2; state="$(realpath -m "$2")"; shift 2 ;;
    --port) [[ "${2:-}" =~ ^[0-9]+$ ]] || die "--port needs a number" 2; port="$2"; shift 2 ;;
    *) break ;;
  esac
done
case "${1:-}" in
  up|down|restart|status) (($# == 1)) || die "'$1' takes no argument (see --help)" 2; "$1" ;;
  kill) (($# == 2)) || die "kill needs the number of a silo (see --help)" 2; kill_one "$2" ;;
  *) usage >&2; exit 2 ;;
esac
