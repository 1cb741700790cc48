#!/bin/bash
#
# A firewall for one server that logs for ipta, with iptables and ip6tables.
#
#   sudo ./firewall.sh
#
# Read it and adapt it first: only SSH (22) and a web server (80, 443) are let in. Make sure
# that you can reach the machine some other way than over the network before you run it. It replaces the rules of INPUT, OUTPUT and
# FORWARD, and may be run again at any time. It does not touch the nat table; Docker and the like
# put rules of their own into FORWARD and have to be restarted after it. The rules are gone after
# a reboot: run it from a systemd unit, or keep them with netfilter-persistent.
#
# The word after "IPT: " is the action that ipta reports: DROP, ACCEPT, INVALID.

set -eu

if [ "$(id -u)" -ne 0 ]; then
    echo "! firewall.sh: only root may change the firewall; run: sudo $0" >&2
    exit 1
fi

# To use programs in another place, set these variables in the environment. -w waits for the lock.
IPTABLES="${IPTABLES:-iptables}"
IP6TABLES="${IP6TABLES:-ip6tables}"

if ! command -v "$IPTABLES" >/dev/null; then
    echo "! firewall.sh: $IPTABLES is not installed; run: apt-get install iptables" >&2
    exit 1
fi

HAVE_IPV6=yes
if ! command -v "$IP6TABLES" >/dev/null || ! "$IP6TABLES" -w -n -L INPUT >/dev/null 2>&1; then
    HAVE_IPV6=no
    echo "- firewall.sh: no IPv6 filter here; only IPv4 is protected" >&2
fi

v4() { "$IPTABLES" -w "$@"; }
v6() { if [ "$HAVE_IPV6" = yes ]; then "$IP6TABLES" -w "$@"; fi; }
both() { v4 "$@" && v6 "$@"; }

# A chain of ours, new or emptied.
chain() {
    v4 -N "$1" 2>/dev/null || v4 -F "$1"
    v6 -N "$1" 2>/dev/null || v6 -F "$1"
}

# --- Clear what was there ---

# The policy is ACCEPT: what a policy drops is dropped silently, and here the last rule of each
# chain logs and drops. It also keeps your connection alive while the rules are being replaced.
both -P INPUT ACCEPT
both -P OUTPUT ACCEPT
both -P FORWARD DROP # ACCEPT, and rules of your own, if this machine is a router

both -F INPUT
both -F OUTPUT
both -F FORWARD

# --- The logging chains: one rule logs, the next one acts ---

# Every packet makes a line, so that the counts of ipta are right. Where a flood could fill the
# disk, put a limit before -j LOG; ipta's counts are then "at least":
#   -m limit --limit 20/second --limit-burst 200
chain LOGDROP
both -A LOGDROP -j LOG --log-prefix "IPT: DROP " --log-level 7
both -A LOGDROP -j DROP

chain LOGACCEPT
both -A LOGACCEPT -j LOG --log-prefix "IPT: ACCEPT " --log-level 7
both -A LOGACCEPT -j ACCEPT

chain LOGINVALID
both -A LOGINVALID -j LOG --log-prefix "IPT: INVALID " --log-level 7
both -A LOGINVALID -j DROP

# --- What the machine itself needs, without a log ---

# Everything on the loopback interface. Outgoing packets have no -i: it is -o here.
both -A INPUT -i lo -j ACCEPT
both -A OUTPUT -o lo -j ACCEPT

# IPv6 does not work at all without neighbor discovery: router and neighbor messages (RFC 4861,
# never forwarded: their hop limit is 255) and multicast listener reports (RFC 2710, RFC 3810).
for type in 133 134 135 136; do
    v6 -A INPUT -p icmpv6 --icmpv6-type "$type" -m hl --hl-eq 255 -j ACCEPT
    v6 -A OUTPUT -p icmpv6 --icmpv6-type "$type" -m hl --hl-eq 255 -j ACCEPT
done
for type in 130 131 132 143; do
    v6 -A INPUT -p icmpv6 --icmpv6-type "$type" -s fe80::/10,::/128 -j ACCEPT
    v6 -A OUTPUT -p icmpv6 --icmpv6-type "$type" -j ACCEPT
done

# DHCP, so that this machine can get its address; remove these rules if the address is fixed.
v4 -A INPUT -p udp --sport 67 --dport 68 -j ACCEPT
v4 -A OUTPUT -p udp --sport 68 --dport 67 -j ACCEPT
v6 -A INPUT -p udp -s fe80::/10 --sport 547 --dport 546 -j ACCEPT
v6 -A OUTPUT -p udp --sport 546 --dport 547 -j ACCEPT

# --- Malformed packets, and packets that belong to no connection ---

both -A INPUT -m conntrack --ctstate INVALID -j LOGINVALID

# --- Accepted and logged ---

# ICMP in both directions, errors and pings.
v4 -A INPUT -p icmp -j LOGACCEPT
v4 -A OUTPUT -p icmp -j LOGACCEPT
v6 -A INPUT -p icmpv6 -j LOGACCEPT
v6 -A OUTPUT -p icmpv6 -j LOGACCEPT

# Time synchronization with NTP: our questions and their answers.
both -A OUTPUT -p udp --dport 123 -m conntrack --ctstate NEW,ESTABLISHED -j LOGACCEPT
both -A INPUT -p udp --sport 123 -m conntrack --ctstate ESTABLISHED -j LOGACCEPT

# --- Connections that were accepted before, in both directions, without a log ---

both -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
both -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT

# --- New connections ---

# SSH to this machine: only the first packet of a connection comes here and is logged.
both -A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -j LOGACCEPT

# The web server, no logging.
both -A INPUT -p tcp -m multiport --dports 80,443 -m conntrack --ctstate NEW -j ACCEPT

# From this machine: DNS questions, and the web (for updates).
both -A OUTPUT -p udp --dport 53 -m conntrack --ctstate NEW -j ACCEPT
both -A OUTPUT -p tcp --dport 53 -m conntrack --ctstate NEW -j ACCEPT
both -A OUTPUT -p tcp -m multiport --dports 80,443 -m conntrack --ctstate NEW -j ACCEPT

# --- Everything else is not wanted: logged and dropped ---

both -A INPUT -j LOGDROP
both -A OUTPUT -j LOGDROP
both -A FORWARD -j LOGDROP

echo "* firewall.sh: the rules are set (IPv6: $HAVE_IPV6)"
