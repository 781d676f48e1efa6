"""The starter scenario that `natbound new` prints."""

STARTER = """\
# Who connects through what to whom, and how often. natbound answer FILE gives the three numbers.
# Sets are addresses, prefixes or ranges, in lists, or {include: ..., minus: ...}.
clients:
  - name: lan
    addresses: 192.168.1.10-192.168.1.59
    ports: 32768-60999            # the source ports that clients use (Linux: ip_local_port_range)

nats:
  - name: router
    inside: [lan]
    external-ip-address-pool: [203.0.113.5]
    # port-set-restrict: {start-port-number: 20000, end-port-number: 29999}   # else the design's own ports
    design: linux-masquerade      # natbound design list; {base: NAME, ...} changes an axis; a file works too
    connection-limits: {limit-per-instance: 262144}    # the flow table (net.netfilter.nf_conntrack_max)
    # timers: {tcp-fin: 120s}     # how long an entry is kept after the close; else the design's own

servers:
  - {name: web, addresses: 198.51.100.7, ports: 443, protocol: tcp}

# Any two of rate, hold (or life) and live. hold: how long a tuple is occupied, TIME_WAIT and all;
# life: how long the users see the connection, to which the NAT's timers are added.
traffic:
  - {from: lan, to: web, rate: 300/s, life: 20s}
"""
