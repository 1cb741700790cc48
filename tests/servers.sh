#!/bin/sh
# Starts database servers in a temporary folder, on sockets and loopback ports, for the server
# matrix and for manual tests.
#
#   tests/servers.sh mariadb|mysql|galera [COMMAND...]
#   tests/servers.sh --mysqld
#
# `mariadb` is the installed server, `mysql` Oracle's from Debian's unstable suite (fetched once, into
# target/servers), `galera` a cluster of three MariaDB nodes. COMMAND runs with IPTA_TEST_SERVER set to
# the sockets (comma-separated), and the servers end with it. Without COMMAND it prints a line per server
# (socket and address; the administrator is `root`, without a password) and waits until its standard
# input ends or it gets a signal. `--mysqld` only prints the path of a program that runs Oracle's mysqld.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${CARGO_TARGET_DIR:-$here/../target}/servers
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# Where Debian keeps servers; not on everyone's PATH.
PATH="$PATH:/usr/sbin:/usr/libexec"

# Oracle's server runs from an unpacked Debian tree, with that tree's own loader and libraries.
mysqld_of_oracle() {
    tree=$cache/mysql
    if [ ! -x "$cache/mysqld" ]; then
        "$here/needs.sh" 'mmdebstrap=mmdebstrap' >&2
        mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' |
            sed -n 's/ Debian$//p' | head -n 1)
        rm -rf "$tree"
        mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
            --include=mysql-server-core sid "$tree" "$mirror" >&2
        cat >"$cache/mysqld.new" <<EOF
#!/bin/sh
# Only the first argument may be --no-defaults.
if [ "\${1-}" = --no-defaults ]; then shift; fi
exec '$tree/lib64/ld-linux-x86-64.so.2' --library-path '$tree/usr/lib/x86_64-linux-gnu:$tree/usr/lib/mysql/private' \\
    '$tree/usr/sbin/mysqld' --no-defaults --basedir='$tree/usr' --secure-file-priv= --mysqlx=OFF "\$@"
EOF
        chmod +x "$cache/mysqld.new"
        mv "$cache/mysqld.new" "$cache/mysqld"
    fi
    echo "$cache/mysqld"
}

# The scripts that give a node its initial data are in a package whose installation would start its own
# server; only they are extracted.
scripts_of_galera() {
    if [ ! -x "$cache/sst/wsrep_sst_rsync" ]; then
        rm -rf "$cache/sst.new"
        mkdir "$cache/sst.new"
        (
            cd "$cache/sst.new"
            apt-get download -qq mariadb-server 2>/dev/null
            dpkg-deb -x mariadb-server_*.deb all
            mv all/usr/bin/wsrep_sst_common all/usr/bin/wsrep_sst_rsync .
            rm -rf all ./*.deb
        )
        rm -rf "$cache/sst"
        mv "$cache/sst.new" "$cache/sst"
    fi
}

kind=${1-}
if [ "$kind" = --mysqld ]; then
    mysqld_of_oracle
    exit
fi
case $kind in
    mariadb) "$here/needs.sh" 'mariadbd=mariadb-server-core' 'mariadb=mariadb-client' >&2 ;;
    mysql)
        "$here/needs.sh" 'mariadb=mariadb-client' >&2
        mysqld=$(mysqld_of_oracle)
        ;;
    galera)
        "$here/needs.sh" 'mariadbd=mariadb-server-core' 'mariadb=mariadb-client' \
            '/usr/lib/galera/libgalera_smm.so=galera-4' 'rsync=rsync' 'lsof=lsof' >&2
        scripts_of_galera
        ;;
    *)
        sed -n 's/^# \{0,1\}//; 2,/^$/p' "$0" | sed -n '1,5p' >&2
        exit 2
        ;;
esac
shift

# Short: a socket path is limited to 108 bytes.
folder=$(mktemp -d /tmp/ipta-db-XXXXXX)
pids=""
sockets=""
# Twelve ports, below the ephemeral range.
port=$((20000 + $$ % 1000 * 12))

cleanup() {
    trap '' INT TERM HUP
    for pid in $pids; do kill -9 "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Servers run as root only if told to; the transfer between nodes refuses root altogether.
user=""
if [ "$(id -u)" -eq 0 ]; then
    user=root
    if [ "$kind" = galera ]; then user=nobody; fi
    chown "$user" "$folder"
fi

# start NUMBER PROGRAM ARGUMENT...: a server on existing data; waits until it accepts statements.
start() {
    number=$1 socket=$folder/s$1
    shift
    "$@" ${user:+--user=$user} --datadir="$folder/data$number" --tmpdir="$folder" --socket="$socket" \
        --pid-file="$folder/pid$number" --port=$((port + number)) --bind-address=127.0.0.1 \
        --innodb-buffer-pool-size=64M >"$folder/log$number" 2>&1 </dev/null &
    pids="$pids $!"
    sockets="$sockets${sockets:+,}$socket"
    tries=0
    until mariadb --no-defaults -S "$socket" -u root -N -e 'SELECT 1 FROM mysql.user LIMIT 1' >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$!" 2>/dev/null; then
            echo "! The server does not start:" >&2
            cat "$folder/log$number" >&2
            exit 1
        fi
        sleep 0.1
    done
}

make_mariadb() {
    mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db \
        --datadir="$folder/data1" --tmpdir="$folder" ${user:+--user=$user} >"$folder/log" 2>&1 ||
        { cat "$folder/log" >&2; exit 1; }
}

case $kind in
    mariadb)
        make_mariadb
        start 1 mariadbd --no-defaults
        ;;
    mysql)
        "$mysqld" --initialize-insecure ${user:+--user=$user} --datadir="$folder/data1" >"$folder/log" 2>&1 ||
            { cat "$folder/log" >&2; exit 1; }
        start 1 "$mysqld"
        # MariaDB's administrator may already connect over TCP.
        mariadb --no-defaults -S "$folder/s1" -u root \
            -e "CREATE USER root@'127.0.0.1'; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION"
        ;;
    galera)
        cp -r "$cache/sst" "$folder/sst"
        chmod -R a+rX "$folder/sst"
        PATH="$folder/sst:$PATH"
        make_mariadb
        mkdir "$folder/data2" "$folder/data3"
        if [ -n "$user" ]; then chown "$user" "$folder/data2" "$folder/data3"; fi
        for n in 1 2 3; do
            # The first creates the cluster, the others copy its data.
            new=""
            if [ "$n" -eq 1 ]; then new=--wsrep-new-cluster; fi
            start $n mariadbd --no-defaults $new --wsrep-on=ON \
                --wsrep-provider=/usr/lib/galera/libgalera_smm.so --binlog-format=ROW \
                --innodb-autoinc-lock-mode=2 --wsrep-cluster-name=ipta --wsrep-node-name="node$n" \
                --wsrep-cluster-address="gcomm://127.0.0.1:$((port + 4)),127.0.0.1:$((port + 5)),127.0.0.1:$((port + 6))" \
                --wsrep-node-address="127.0.0.1:$((port + 3 + n))" \
                --wsrep-sst-method=rsync --wsrep-sst-receive-address="127.0.0.1:$((port + 9 + n))" \
                --wsrep-provider-options="gmcast.listen_addr=tcp://127.0.0.1:$((port + 3 + n));ist.recv_addr=127.0.0.1:$((port + 6 + n))"
        done
        ;;
esac

if [ $# -gt 0 ]; then
    IPTA_TEST_SERVER=$sockets "$@"
else
    number=0
    for socket in $(echo "$sockets" | tr ',' ' '); do
        number=$((number + 1))
        echo "$socket 127.0.0.1:$((port + number))"
    done
    while read -r _; do :; done
fi
