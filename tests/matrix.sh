#!/bin/sh
# The server matrix: the store suite and the kill tests on every server, under many settings.
#
#   tests/matrix.sh [mariadb|mysql|galera|given]...
#
# `given` is the server, or the nodes of a cluster, that IPTA_TEST_SERVER names: a socket or HOST:PORT
# with an administrator `root` (password in IPTA_TEST_PASSWORD), commas between nodes. It is tested as
# configured, and what the tests created is removed. Without arguments, all of them are tested.
#
# IPTA_MATRIX_ONLY is a regular expression for the settings to test, IPTA_MATRIX_PROFILE the Cargo profile
# (release).

set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${CARGO_TARGET_DIR:-$here/../target}/servers
mkdir -p "$cache"

# The SQL modes that change what a statement or a value means.
MODES='HIGH_NOT_PRECEDENCE ANSI_QUOTES NO_BACKSLASH_ESCAPES PAD_CHAR_TO_FULL_LENGTH PIPES_AS_CONCAT
    IGNORE_SPACE ONLY_FULL_GROUP_BY ANSI TRADITIONAL'

# sql NODE STATEMENT: as the administrator of one node.
sql() {
    case $1 in
        *:*) mariadb --no-defaults -h "${1%:*}" -P "${1##*:}" -u root ${IPTA_TEST_PASSWORD:+"-p$IPTA_TEST_PASSWORD"} -N -e "$2" ;;
        *) mariadb --no-defaults -S "$1" -u root ${IPTA_TEST_PASSWORD:+"-p$IPTA_TEST_PASSWORD"} -N -e "$2" ;;
    esac
}

nodes() {
    echo "$IPTA_TEST_SERVER" | tr ',' ' '
}

# Removes what the tests created, and only that.
tidy() {
    first=$(nodes | cut -d ' ' -f 1)
    sql "$first" "SELECT CONCAT('DROP DATABASE \`', REPLACE(schema_name, '\`', '\`\`'), '\`;')
        FROM information_schema.schemata WHERE LEFT(schema_name, 10) = 'ipta_test_';
        SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host), ';') FROM mysql.user WHERE LEFT(user, 6) = 'ipta_t'" |
        sed 's/\\\\/\\/g' >"$cache/tidy.sql"
    # Column headers and escapes are off; each line is a statement.
    while IFS= read -r statement; do sql "$first" "SET SESSION sql_mode = ''; $statement" || true; done <"$cache/tidy.sql"
}

# run SETTINGS TEST-ARGUMENT...: runs tests, adds a line to the table.
run() {
    settings=$1
    shift
    if ! echo "$settings" | grep -Eq -- "${IPTA_MATRIX_ONLY:-.}"; then return 0; fi
    log=$cache/logs/$(echo "$IPTA_MATRIX_SERVER $settings" | tr -cs 'A-Za-z0-9\n' '-').log
    tally=$cache/tally
    rm -f "$tally"
    touch "$tally"
    # shellcheck disable=SC2086 # a list of words
    IPTA_TEST_TALLY=$tally cargo test --profile "${IPTA_MATRIX_PROFILE:-release}" --locked --test suite -- "$@" \
        >"$log" 2>&1 </dev/null || true
    result=$(sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed;.*/\1 \2/p' "$log")
    line=$(printf '%-8s  %-44s  %6s  %6s  %6s  %6s  %6s' "$IPTA_MATRIX_SERVER" "$settings" ${result:-0 all} \
        "$(grep -c kill "$tally")" "$(grep -c 'right\|wrong' "$tally")" "$(grep -c wrong "$tally")")
    echo "$line" >>"$IPTA_MATRIX_TABLE"
    echo "$line"
    if [ "${result#* }" != 0 ]; then sed -n '/^failures:$/,$s/^    \(.*::.*\)/  failed: \1/p' "$log" | sort -u; fi
}

# set_up STATEMENT...: on every node; false if one refuses.
set_up() {
    for node in $(nodes); do
        for statement in "$@"; do
            if ! sql "$node" "$statement" 2>/dev/null; then return 1; fi
        done
    done
}

# with SETTINGS STATEMENT...: the suite under global settings, which are reset afterwards.
with() {
    name=$1
    shift
    if set_up "$@"; then
        # The awkward server and those that are killed are private, whatever this one's settings.
        run "$name" stores:: crashes:: --skip on_a_file --skip on_an_awkward_server --skip a_server_killed
    else
        printf '%-8s  %-44s  left out: the server does not know it\n' "$IPTA_MATRIX_SERVER" "$name" | tee -a "$IPTA_MATRIX_TABLE"
    fi
    tidy
    set_up "SET GLOBAL sql_mode = DEFAULT" "SET GLOBAL local_infile = 1" "SET GLOBAL time_zone = DEFAULT" \
        "SET GLOBAL max_allowed_packet = DEFAULT" "SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ" \
        "SET GLOBAL autocommit = 1"
}

# The tests on one kind of server, whose nodes IPTA_TEST_SERVER names.
inside() {
    if [ "$IPTA_MATRIX_SERVER" = given ]; then
        run "as it is" stores:: crashes:: --skip on_a_file --skip on_an_awkward_server --skip a_server_killed
        if [ "$(nodes | wc -w)" -gt 1 ]; then run "through several nodes" --ignored servers::galera --test-threads=1; fi
        tidy
        return
    fi
    if [ "$IPTA_MATRIX_SERVER" = galera ]; then
        run "through several nodes" --ignored servers::galera --test-threads=1
        tidy
    else
        # Private servers of this program: killed, awkwardly configured, in an odd time zone.
        nodes=$IPTA_TEST_SERVER
        unset IPTA_TEST_SERVER
        TZ=Pacific/Chatham run "TZ=Pacific/Chatham, private servers" stores:: crashes:: servers:: --skip on_a_file
        IPTA_TEST_SERVER=$nodes
        export IPTA_TEST_SERVER
    fi
    for local_infile in 1 0; do
        load="SET GLOBAL local_infile = $local_infile"
        with "local_infile=$local_infile" "$load"
        with "local_infile=$local_infile sql_mode=''" "$load" "SET GLOBAL sql_mode = ''"
        for mode in $MODES; do
            with "local_infile=$local_infile sql_mode=$mode" "$load" "SET GLOBAL sql_mode = '$mode'"
        done
        with "local_infile=$local_infile max_allowed_packet=64K" "$load" "SET GLOBAL max_allowed_packet = 65536"
        with "local_infile=$local_infile time_zone=+12:45" "$load" "SET GLOBAL time_zone = '+12:45'"
    done
    with "READ COMMITTED" "SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED"
    with "SERIALIZABLE, autocommit=0" "SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE" "SET GLOBAL autocommit = 0"
    if [ "$IPTA_MATRIX_SERVER" = galera ]; then
        with "wsrep_load_data_splitting=1" "SET GLOBAL wsrep_load_data_splitting = 1"
    fi
}

if [ "${1-}" = --inside ]; then
    inside
    exit
fi

if [ $# -eq 0 ]; then
    set -- mariadb mysql galera
    if [ -n "${IPTA_TEST_SERVER-}" ]; then set -- "$@" given; fi
fi

mkdir -p "$cache/logs"
IPTA_MATRIX_TABLE=$(mktemp)
export IPTA_MATRIX_TABLE
trap 'rm -f "$IPTA_MATRIX_TABLE"' EXIT
# Build, or fail to, before a server waits for it.
cargo test --profile "${IPTA_MATRIX_PROFILE:-release}" --locked --test suite --no-run </dev/null
for server; do
    export IPTA_MATRIX_SERVER="$server"
    case $server in
        given) "$here/matrix.sh" --inside ;;
        mysql) IPTA_TEST_MYSQLD=$("$here/servers.sh" --mysqld) "$here/servers.sh" "$server" "$here/matrix.sh" --inside ;;
        *) "$here/servers.sh" "$server" "$here/matrix.sh" --inside ;;
    esac
done

echo
printf '%-8s  %-44s  %6s  %6s  %6s  %6s  %6s\n' server settings passed failed kills counts wrong
cat "$IPTA_MATRIX_TABLE"
echo "The output of each run is in $cache/logs."
if awk '/left out/ { next } $(NF - 3) != 0 || $NF != 0 { bad = 1 } END { exit !bad }' "$IPTA_MATRIX_TABLE"; then
    exit 1
fi
