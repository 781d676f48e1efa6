"""Hosts and proxies: ephemeral ports and TIME_WAIT."""

from natbound.ledger.entry import Beside, Figure, Row

ROWS = (
    Row(
        "istio-51210",
        "istio/istio, more than one outbound port",
        "https://github.com/istio/istio/issues/51210",
        (
            Figure(
                "connections a second, 28,000 ports, TIME_WAIT 60 s",
                "466",
                "28_000 // 60",
                but="(60_999 - 32_768 + 1) // 60",
                why="32768-60999 are 28,232 ports",
            ),
        ),
        (
            Beside("erlang_b(28_000, 466 * 60)", "published: 466/s held 60 s"),
            Beside("erlang_b(28_232, 470 * 60)", "published: the range itself, 470/s"),
            Beside("erlang_b(28_232, 1_000 * 60)", "published: the 1,000/s of the issue"),
        ),
    ),
    Row(
        "istio-44008",
        "istio/istio, ports of 127.0.0.6",
        "https://github.com/istio/istio/issues/44008",
        (Figure("ports in use when connections fail", "28232", "60_999 - 32_768 + 1", "d"),),
        (Beside("erlang_b(28_232, 28_232)", "assumed: just as many offered"),),
    ),
    Row(
        "istio-55491",
        "istio/istio, TPROXY and ports",
        "https://github.com/istio/istio/issues/55491",
        (Figure("thousand connections", "28.2", "(60_999 - 32_768 + 1) / 1_000", ".1f"),),
        (Beside("erlang_b(28_232, 27_900)", "assumed: 27,900 live"),),
    ),
    Row(
        "openlibrary-13680",
        "internetarchive/openlibrary, reuse of connections to haproxy",
        "https://github.com/internetarchive/openlibrary/pull/13680",
        (
            Figure("TIME_WAIT sockets at 670/s, 60 s (order of ...)", "40,000", "round(670 * 60, -4)"),
            Figure("points of CPU returned", "9", "round(28.07 - 18.83)"),
            Figure(
                "share left, 2,299 sockets of them",
                "5%",
                "2_299 / 40_000",
                ".0%",
                follows=False,
                why="5.7 % of 40,000",
            ),
        ),
        (
            Beside("erlang_b(28_232, 670 * 60)", "published: 670/s held 60 s; assumed: Linux's own range, one destination"),
            Beside("log_erlang_b(28_232, 2_299 + 8_388)", "published: with reuse, 2,299 in TIME_WAIT and 8,388 open"),
        ),
    ),
    Row(
        "haproxy-1505",
        "haproxy/haproxy, limits for four backends",
        "https://github.com/haproxy/haproxy/issues/1505",
        (
            Figure("connections an address, 150,000 over 4", "32500", "150_000 // 4", "d", follows=False, why="a slip"),
            Figure("sessions a second an address, 5,000 over 4", "1250", "5_000 // 4", "d"),
            Figure("thousand connections after 60 s", "75", "1_250 * 60 // 1_000"),
        ),
        (
            Beside("erlang_b(64_512, 1_250 * 60)", "published: 1,250/s held 60 s; all ports from 1024 up"),
            Beside("erlang_b(28_232, 1_250 * 60)", "published: the same; Linux's own range"),
        ),
    ),
    Row(
        "haproxy-1881",
        "haproxy/haproxy, a slow server at 8,000 requests a second",
        "https://github.com/haproxy/haproxy/issues/1881",
        (Figure("seconds until all source ports are taken", "8", "64_512 // 8_000"),),
        (
            Beside("erlang_b(64_512, 8_000 * 60)", "published: 8,000/s; assumed: held 60 s"),
            Beside("erlang_b(64_512, 8_000 * 8)", "published: 8,000/s; assumed: held 8 s"),
        ),
    ),
    Row(
        "hivebook-time-wait",
        "hivebook.wiki, TIME_WAIT under churn",
        "https://hivebook.wiki/wiki/tcp-time-wait-and-ephemeral-port-exhaustion-under-connection-churn",
        (
            Figure(
                "ports 32768-60999",
                "28,231",
                "60_999 - 32_768 + 1",
                follows=False,
                why="both ends count",
            ),
            Figure("connections a second, 60 s", "470", "28_231 // 60"),
        ),
        (Beside("erlang_b(28_232, 470 * 60)", "published: 470/s held 60 s"),),
    ),
    Row(
        "drozd-time-wait",
        "M. Drozd, TIME_WAIT port exhaustion",
        "https://www.michal-drozd.com/en/blog/tcp-time-wait-port-exhaustion/",
        (Figure("ports for 500/s held 60 s", "30,000", "500 * 60"),),
        (Beside("erlang_b(28_232, 500 * 60)", "published: on Linux's own range"),),
    ),
    Row(
        "nanog-2012-rates",
        "NANOG 2012, TIME_WAIT and port exhaustion (quoted by O. DeLong)",
        "https://mailman.nanog.org/pipermail/nanog/2012-December/053998.html",
        (
            Figure("connections a second, 32K ports, 60 s, to the hundred", "500", "round(32 * 1_024 / 60, -2)", ".0f"),
            Figure("30 s", "1000", "500 * 60 // 30", "d"),
            Figure("15 s", "2000", "500 * 60 // 15", "d"),
            Figure("10 s", "3000", "500 * 60 // 10", "d"),
        ),
        (
            Beside("log_erlang_b(32_768, 500 * 60)", "published: 500/s, 60 s"),
            Beside("erlang_b(32_768, 540 * 60)", "assumed: 540/s"),
        ),
    ),
    Row(
        "nanog-2012-twenty",
        "NANOG 2012, the same with 20 s (quoted by F. Baker)",
        "https://mailman.nanog.org/pipermail/nanog/2012-December/054020.html",
        (
            Figure("connections a second, 30,000 ports, 20 s", "1500", "30_000 // 20", "d"),
            Figure("60,000 ports", "3000", "60_000 // 20", "d"),
        ),
        (
            Beside("erlang_b(30_000, 1_500 * 20)", "published: 1,500/s, 20 s"),
            Beside("erlang_b(60_000, 3_000 * 20)", "published: 3,000/s, 20 s"),
        ),
    ),
    Row(
        "nanog-2012-happy",
        "NANOG 2012, the same second by second (quoted by W. Herrin)",
        "https://mailman.nanog.org/pipermail/nanog/2012-December/054017.html",
        (
            Figure("of 30,000 free after 1 s at 500/s", "29500", "30_000 - 1 * 500", "d"),
            Figure("after 10 s", "25000", "30_000 - 10 * 500", "d"),
            Figure("after 30 s", "15000", "30_000 - 30 * 500", "d"),
            Figure("after 59 s", "29500", "30_000 - 59 * 500", "d", follows=False, why="500 are free, and from then on none to spare"),
        ),
        (
            Beside("erlang_b(30_000, 500 * 60)", "published: 500/s held 60 s, where everyone is happy"),
            Beside("erlang_b(30_000, 550 * 60)", "assumed: 550/s"),
        ),
        note="Arrivals like a clock would just fit; arrivals at random do not.",
    ),
    Row(
        "celluloid-94",
        "celluloid/celluloid-io, sockets in TIME_WAIT",
        "https://github.com/celluloid/celluloid-io/issues/94",
        (Figure("connections until the server waits, 2^14", "16384", "2**14", "d"),),
        (Beside("erlang_b(16_384, 270 * 60)", "assumed: 270/s held 60 s"),),
        note="The ports 49152-65535.",
    ),
    Row(
        "redis-5043",
        "redis/redis, benchmark without keep-alive",
        "https://github.com/redis/redis/issues/5043",
        (
            Figure("seconds in TIME_WAIT, msl 15,000 ms", "30", "2 * 15_000 // 1_000"),
            Figure("seconds, msl 1,000 ms", "2", "2 * 1_000 // 1_000"),
        ),
        (
            Beside("erlang_b(16_384, 540 * 30)", "assumed: 540/s on ports 49152-65535, held 30 s"),
            Beside("log_erlang_b(16_384, 540 * 2)", "assumed: the same, held 2 s"),
        ),
    ),
    Row(
        "wrk-261",
        "wg/wrk, 62,464 connections",
        "https://github.com/wg/wrk/issues/261",
        (Figure("most connections, ports 2048-64512", "62464", "64_512 - 2_048 + 1", "d", follows=False, why="both ends count"),),
        (Beside("erlang_b(62_465, 62_000)", "assumed: 62,000 live to one server"),),
    ),
)
