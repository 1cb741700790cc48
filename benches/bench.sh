#!/usr/bin/env bash
# Measures ipta against its yardsticks, in one run on one machine: `make bench`.
#
#   LINES=10000000 make bench        a bigger log (default 1000000 lines)
#   RUNS=5 make bench                runs of each, thrice as many of the quick ones; the median counts (default 3)
#   BENCH_DIR=/big/disk make bench   where the log and the data go (default TMPDIR or /tmp); 2 GB
#                                    per million lines
#
# MySQL's server runs from a folder under target/, made once (see tests/servers.sh). If it is not
# available, the table says so.
#
# ipta and its yardstick take turns, so that a slow moment of the machine hits both. Only ratios are
# worth comparing between machines. No figure makes this script fail.

set -euo pipefail
cd "$(dirname "$0")/.."

lines=${LINES:-1000000}
runs=${RUNS:-3}
target=$(realpath "${CARGO_TARGET_DIR:-target}")
ipta=$target/release/ipta
make_big=$target/release/examples/make_big
PATH=$PATH:/usr/sbin:/usr/libexec

work=$(mktemp -d "${BENCH_DIR:-${TMPDIR:-/tmp}}/ipta-bench-XXXXXX")
# A socket path is limited to 107 bytes.
socket_dir=$(mktemp -d /tmp/ipta-bench-XXXXXX)
socket=$socket_dir/s
mysql_socket=$socket_dir/m
server=
mysql_server=
end() {
    for one in $server $mysql_server; do
        kill "$one" 2>/dev/null || true
        wait "$one" 2>/dev/null || true
    done
    rm -rf "$work" "$socket_dir"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The settings of whoever runs this play no part.
home=$HOME
export HOME=$work TZ=UTC LC_ALL=C

# --- The log ---

log=$work/big.log
echo "Making a log of $lines lines ..."
"$make_big" "$lines" >"$log"
marked=$(grep -c 'IPT: ' "$log")
echo "$(du -m "$log" | cut -f1) MB, $marked lines with 'IPT: '"

# --- A private server, on a socket only ---

start_server() {
    local as_root=()
    if [ "$(id -u)" -eq 0 ]; then as_root=(--user=root); fi
    if command -v mariadb-install-db >/dev/null; then
        mariadb-install-db --no-defaults "${as_root[@]}" --auth-root-authentication-method=normal \
            --skip-test-db --datadir="$work/data" >"$work/server.log" 2>&1
    else
        mysqld --no-defaults "${as_root[@]}" --initialize-insecure --datadir="$work/data" \
            >"$work/server.log" 2>&1
    fi
    # 128M and 96M are MariaDB's own defaults, set explicitly so that any server has the same.
    "$(command -v mariadbd || command -v mysqld)" --no-defaults "${as_root[@]}" \
        --datadir="$work/data" --tmpdir="$work" --socket="$socket" --pid-file="$work/pid" \
        --skip-networking --skip-log-bin --innodb-buffer-pool-size=128M --innodb-log-file-size=96M \
        --local-infile=1 --secure-file-priv= >>"$work/server.log" 2>&1 </dev/null &
    server=$!
    await_server "$server" "$socket" "$work/server.log"
}

# Oracle's server as installed: no LOCAL INFILE, and a binary log.
start_mysql() {
    local as_root=() program
    if [ "$(id -u)" -eq 0 ]; then as_root=(--user=root); fi
    program=$(HOME=$home tests/servers.sh --mysqld 2>"$work/err") || return 1
    "$program" "${as_root[@]}" --initialize-insecure --datadir="$work/mysql" >"$work/mysql.log" 2>&1
    "$program" "${as_root[@]}" --datadir="$work/mysql" --tmpdir="$work" --socket="$mysql_socket" \
        --pid-file="$work/mysql.pid" --skip-networking >>"$work/mysql.log" 2>&1 </dev/null &
    mysql_server=$!
    await_server "$mysql_server" "$mysql_socket" "$work/mysql.log"
}

# await_server PID SOCKET LOG
await_server() {
    local tries=0
    until mariadb --no-defaults --socket="$2" -u root -e 'SELECT 1' >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$1" 2>/dev/null; then
            echo "! the private database server does not start:" >&2
            cat "$3" >&2
            exit 1
        fi
        sleep 0.1
    done
}
start_server
sql() { mariadb --no-defaults --local-infile=1 --socket="$socket" -u root "$@"; }
echo "$(sql -N -B -e 'SELECT version()'), SQLite shell $(sqlite3 --version | cut -d' ' -f1)"
echo "$(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
sql -e 'CREATE DATABASE ipta CHARACTER SET utf8mb4'
on_server=(--db-host "$socket" --db-user root --db-pass '' --db-name ipta)

# --- Measuring ---

# measure NAME COMMAND...: one run; seconds go to $work/NAME.s, peak memory in KiB to $work/NAME.m. Output
# goes to $into: /dev/null, except for grep, which would stop at its first match there.
into=/dev/null
measure() {
    local name=$1 begun ended
    shift
    sync
    # GNU time has no more than hundredths of a second, which is a tenth of what grep takes.
    begun=$EPOCHREALTIME
    if ! /usr/bin/time -o "$work/figures" -f '%M' "$@" >"$into" 2>"$work/err"; then
        echo "! $* failed:" >&2
        tail -5 "$work/err" >&2
        exit 1
    fi
    ended=$EPOCHREALTIME
    echo "$begun $ended" | awk '{ printf "%.4f\n", $2 - $1 }' >>"$work/$name.s"
    tail -1 "$work/figures" >>"$work/$name.m"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# row LABEL NAME YARDSTICK-LABEL YARDSTICK MUST
rows=()
row() {
    local ours theirs
    ours=$(median "$work/$2.s")
    theirs=$(median "$work/$4.s")
    rows+=("$(awk -v label="$1" -v ours="$ours" -v with="$3" -v theirs="$theirs" -v must="$5" \
        -v peak="$(median "$work/$2.m")" 'BEGIN {
            ratio = ours / theirs
            printf "%-24s %8.3f  %-24s %8.3f  %6.2f %6.2f  %-4s %6.0f",
                label, ours, with, theirs, ratio, must, ratio <= must ? "yes" : "NO", peak / 1024
        }')")
}

columns='timestamp, host, if_in, if_out, src_ip, dst_ip, src_prt, dst_prt, proto, action, verdict,
         prefix, mac, length, ttl, tcp_flags, icmp_type, icmp_code'
# The columns behind the report's five tables.
needed='id, timestamp, verdict, action, proto, if_in, src_ip, dst_ip, src_prt, dst_prt'

fresh_table() {
    sql ipta -e "DROP TABLE IF EXISTS $1, ipta_ledger"
    "$ipta" --quiet "${on_server[@]}" --create-table "$1"
}
# analyze_beside_stream SERVER SOCKET CONNECTION-OPTION...
analyze_beside_stream() {
    local server=$1 at=$2
    shift 2
    for ((run = 0; run < runs; run++)); do
        measure "analyze-$server" "$ipta" --quiet "$@" --analyze
        measure "stream-$server" mariadb --no-defaults --socket="$at" -u root ipta --quick -N -B \
            -e "SELECT $needed FROM logs"
    done
    row "analyze, $server" "analyze-$server" "mariadb --quick, SELECT" "stream-$server" 1.5
}
fresh_file() {
    rm -f "$1" "$1-journal" "$1-wal" "$1-shm"
    "$ipta" --quiet --db-file "$1" --create-table
}

# The rows, already split, as each client reads them.
echo "Splitting the rows for the yardsticks ..."
fresh_table logs
"$ipta" --quiet "${on_server[@]}" --import "$log"
sql ipta -e "SELECT $columns INTO OUTFILE '$work/rows.tsv' CHARACTER SET binary FROM logs ORDER BY id"
fresh_file "$work/rows.db"
"$ipta" --quiet --db-file "$work/rows.db" --import "$log"
# The shell takes no binary data: addresses are in hex, missing numbers are empty.
sqlite3 -separator $'\t' "$work/rows.db" \
    "SELECT id, $(echo "$columns" | sed 's/src_ip/hex(src_ip)/; s/dst_ip/hex(dst_ip)/') FROM logs ORDER BY id" \
    >"$work/rows.sqlite.tsv"
rm -f "$work/rows.db"
packets=$(wc -l <"$work/rows.sqlite.tsv")
echo "$packets packets"

echo "Import, MariaDB ..."
for ((run = 0; run < runs; run++)); do
    fresh_table logs
    measure import-server "$ipta" --quiet "${on_server[@]}" --clear --import "$log"
    fresh_table yardstick
    measure load-data mariadb --no-defaults --local-infile=1 --socket="$socket" -u root ipta \
        -e "LOAD DATA LOCAL INFILE '$work/rows.tsv' INTO TABLE yardstick CHARACTER SET binary ($columns)"
done
row "import, MariaDB" import-server "LOAD DATA LOCAL INFILE" load-data 1.15
sql ipta -e 'DROP TABLE yardstick'

echo "Analyze, MariaDB ..."
fresh_table logs
"$ipta" --quiet "${on_server[@]}" --import "$log"
analyze_beside_stream MariaDB "$socket" "${on_server[@]}"

echo "Import, MySQL as installed ..."
if start_mysql; then
    mysql() { mariadb --no-defaults --socket="$mysql_socket" -u root "$@"; }
    echo "MySQL $(mysql -N -B -e 'SELECT version()')"
    mysql -e 'CREATE DATABASE ipta CHARACTER SET utf8mb4'
    on_mysql=(--db-host "$mysql_socket" --db-user root --db-pass '' --db-name ipta)
    fresh_mysql() {
        mysql ipta -e "DROP TABLE IF EXISTS logs, ipta_ledger; RESET BINARY LOGS AND GTIDS"
        if [ "${1-}" ]; then "$ipta" --quiet "${on_mysql[@]}" --create-table; fi
    }
    fresh_mysql yes
    "$ipta" --quiet "${on_mysql[@]}" --import "$log"
    mariadb-dump --no-defaults --socket="$mysql_socket" -u root ipta logs >"$work/dump.sql"
    for ((run = 0; run < runs; run++)); do
        fresh_mysql
        measure restore sh -c "exec mariadb --no-defaults --socket='$mysql_socket' -u root ipta <'$work/dump.sql'"
        fresh_mysql yes
        measure import-mysql "$ipta" --quiet "${on_mysql[@]}" --clear --import "$log"
    done
    rm -f "$work/dump.sql"
    row "import, MySQL" import-mysql "restore of a dump" restore 1
    analyze_beside_stream MySQL "$mysql_socket" "${on_mysql[@]}"
    kill "$mysql_server"
    wait "$mysql_server" || true
    mysql_server=
    rm -rf "$work/mysql"
else
    rows+=("MySQL's server cannot be had here: $(tail -1 "$work/err")")
fi

echo "Import, embedded ..."
for ((run = 0; run < runs; run++)); do
    fresh_file "$work/ours.db"
    measure import-file "$ipta" --quiet --db-file "$work/ours.db" --clear --import "$log"
    fresh_file "$work/theirs.db"
    measure dot-import sqlite3 -cmd '.mode tabs' "$work/theirs.db" ".import $work/rows.sqlite.tsv logs"
    got=$(sqlite3 "$work/theirs.db" 'SELECT COUNT(*) FROM logs')
    if [ "$got" != "$packets" ]; then echo "! .import took $got rows" >&2; exit 1; fi
    rm -f "$work/theirs.db"
done
row "import, embedded" import-file "sqlite3 .import" dot-import 0.5

echo "Analyze, embedded ..."
for ((run = 0; run < runs; run++)); do
    measure analyze-file "$ipta" --quiet --db-file "$work/ours.db" --analyze
    measure stream-file sqlite3 "$work/ours.db" "SELECT $needed FROM logs"
done
row "analyze, embedded" analyze-file "sqlite3, SELECT" stream-file 0.9

# Half a second each: three times as many runs.
echo "Straight from the log ..."
for ((run = 0; run < 3 * runs; run++)); do
    measure analyze-log "$ipta" --quiet --analyze "$log"
    into=$work/out measure grep grep -c 'IPT: ' "$log"
done
row "analyze FILE" analyze-log "grep -c 'IPT: '" grep 5
for ((run = 0; run < 3 * runs; run++)); do
    measure scan "$ipta" --quiet --scan "$log"
    into=$work/out measure grep-again grep -c 'IPT: ' "$log"
done
row "scan FILE" scan "grep -c 'IPT: '" grep-again 6

for ((run = 0; run < 3 * runs; run++)); do
    measure analyze-all "$ipta" --quiet --analyze "$log" --modules all
    measure analyze-five "$ipta" --quiet --analyze "$log"
done
row "all modules of FILE" analyze-all "the default five" analyze-five 1.5
for ((run = 0; run < 3 * runs; run++)); do
    measure on-one taskset -c 0 "$ipta" --quiet --analyze "$log"
    measure on-two taskset -c 0,1 "$ipta" --quiet --analyze "$log"
done
# At least 1.7 times as fast: at most 0.59 of the time.
row "analyze FILE, two cores" on-two "one core" on-one 0.59

# --- Instruction counts, which other programs on the machine do not affect ---

# instructions LINES ARGUMENT...: how many ipta executes for the first LINES lines of the log.
instructions() {
    head -n "$1" "$log" >"$work/part.log"
    shift
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
        "$ipta" --quiet "$@" "$work/part.log" 2>&1 >/dev/null | sed -n 's/,//g; s/.*I *refs: *//p'
}

# each_line ARGUMENT...: how many for one more line, without startup.
each_line() {
    local few many
    few=$(instructions 10000 "$@")
    many=$(instructions 30000 "$@")
    echo $(((many - few) / 20000))
}
scan_instructions=$(each_line --scan)
analyze_instructions=$(each_line --analyze)

# A hundred starts, timed together.
start=$(date +%s%N)
for ((run = 0; run < 100; run++)); do "$ipta" --version >/dev/null; done
version=$((($(date +%s%N) - start) / 100000))

# --- The table ---

echo
echo "Median of $runs runs, $lines lines, $packets packets; seconds, peak memory of ipta in MiB."
echo
printf '%-24s %8s  %-24s %8s  %6s %6s  %-4s %6s\n' Work ipta Yardstick takes Ratio Must Met Peak
printf '%-24s %8s  %-24s %8s  %6s %6s  %-4s %6s\n' ------------------------ -------- \
    ------------------------ -------- ------ ------ ---- ------
printf '%s\n' "${rows[@]}"
echo
echo "instructions a line: scan $scan_instructions, analyze FILE $analyze_instructions"
awk -v us="$version" 'BEGIN { printf "ipta --version: %.1f ms (must 10)\n", us / 1000 }'
for what in import-server import-file scan; do
    if [ -f "$work/$what.m" ]; then
        awk -v what="$what" -v peak="$(sort -n "$work/$what.m" | tail -1)" \
            'BEGIN { printf "%s: %.1f MiB at most (must 64): %s\n", what, peak / 1024, peak <= 65536 ? "yes" : "NO" }'
    fi
done
awk -v n="$lines" -v a="$(median "$work/import-server.s")" -v b="$(median "$work/import-file.s")" \
    -v c="$(median "$work/analyze-log.s")" 'BEGIN {
        n /= 1000000
        printf "seconds a million lines: import MariaDB %.2f, embedded %.2f, analyze FILE %.2f\n", a / n, b / n, c / n
    }'
