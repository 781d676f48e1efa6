"""Carriers: RFCs, vendors of carrier-grade NAT, operators' lists."""

from natbound.ledger.entry import Beside, Figure, Row

ROWS = (
    Row(
        "rfc-7422",
        "RFC 7422, deterministic CGN",
        "https://www.rfc-editor.org/rfc/rfc7422",
        (
            Figure("ports a subscriber, 14 of them and a dynamic factor of 2", "4032", "(65_536 - 1_024) // (14 + 2)", "d"),
            Figure("last port of the first", "5055", "1_024 + 4_032 - 1", "d"),
            Figure("last port of the second", "9087", "1_024 + 2 * 4_032 - 1", "d"),
            Figure("first dynamic port", "57472", "1_024 + 14 * 4_032", "d"),
            Figure(
                "ports more, of at most 5,040",
                "1008",
                "5_040 - 4_032",
                "d",
                but="(5_040 - 4_032) // 100 * 100",
                why="in the example's blocks of 100",
            ),
            Figure("blocks of 100 in ports 58000-58999", "10", "(58_999 - 58_000 + 1) // 100"),
            Figure("MB of log a subscriber and day, 33,000 connections of 150 bytes", "5", "round(33_000 * 150 / 1e6)"),
            Figure("MB a month", "150", "30 * 5"),
            Figure("TB a month, a million subscribers", "150", "150 * 1_000_000 // 1_000_000"),
            Figure("PB a year", "1.8", "12 * 150 / 1_000", ".1f"),
            Figure("Mbit/s of log, 50,000 users", "23", "round(50_000 * 33_000 * 150 * 8 / 86_400 / 1e6)"),
        ),
        (
            Beside("log_erlang_b(4_032, 33_000 * 240 / 86_400)", "published: 33,000 connections a day; assumed: held 240 s"),
            Beside("erlang_b(4_032, 3_900)", "assumed: a heavy user with 3,900 live"),
            Beside("log_erlang_b(5_040, 3_900)", "assumed: the same, with the dynamic ports"),
        ),
        seen="the English text in tex2e/rfc-translater",
    ),
    Row(
        "nokia-extension",
        "Nokia 7750 SR, port block space",
        "https://infocenter.nokia.com/public/7750SR227R1A/topic/com.nokia.Multiservice_ISA_and_ESA_Guide/managing_port_b-ai9jxkmf1q.html",
        (Figure("prefix length of the pool: 8,000 active, 32 an address", "24", "32 - ceil(log2(8_000 / 32))"),),
        (
            Beside("erlang_b(1_000, 950)", "assumed: a subscriber with 950 live in an initial block of 1,000"),
            Beside("erlang_b((64_512 - 32 * 1_000) // 335, 80)", "assumed: 80 of the 97 extended blocks of 335 wanted on average"),
        ),
        note="32 subscribers may take 9 extended blocks each, 288 of 97.",
    ),
    Row(
        "nokia-deterministic",
        "Nokia 7750 SR, outside pool of deterministic NAT",
        "https://infocenter.nokia.com/public/7750SR227R1A/topic/com.nokia.Multiservice_ISA_and_ESA_Guide/outside_pool_co-ai9jxkmf3v.html",
        (
            Figure("subscribers an address, blocks of 300 and 100", "153", "(65_535 - 4_023) // (300 + 100)"),
            Figure("ports wasted", "312", "(65_535 - 4_023) % (300 + 100)"),
            Figure("subscribers, blocks of 500 and 100", "102", "(65_535 - 4_023) // (500 + 100)"),
            Figure("ports wasted", "312", "(65_535 - 4_023) % (500 + 100)"),
            Figure("subscribers, blocks of 700 and 100", "76", "(65_535 - 4_023) // (700 + 100)"),
        ),
        (
            Beside("erlang_b(300, 270)", "assumed: a subscriber at 90 % of 300"),
            Beside("erlang_b(500, 450)", "assumed: 90 % of 500"),
            Beside("erlang_b(700, 630)", "assumed: 90 % of 700"),
        ),
    ),
    Row(
        "juniper-pba",
        "Juniper community, CGNAT on MS-MPC",
        "https://community.juniper.net/answers/communities/community-home/digestviewer/viewthread?GroupId=25&MID=68417",
        (
            Figure("blocks of 2,016 an address", "32", "ceil(64_512 / 2_016)"),
            Figure("addresses for 4,000 users", "125", "ceil(4_000 / 32)"),
            Figure("addresses for 15 million sessions", "233", "round(15_000_000 / 64_512)"),
        ),
        (
            Beside("erlang_b(2_016, 1_900)", "assumed: a user with 1,900 live in one block"),
            Beside("log_erlang_b(233 * 64_512, 14_990_000)", "assumed: 14,990,000 live on 233 addresses, were they one pool"),
        ),
    ),
    Row(
        "nanog-2013-cgn",
        "NANOG 2013, a CGN with fixed and dynamic ports (W. Herrin)",
        "https://mailman.nanog.org/pipermail/nanog/2013-January/055214.html",
        (
            Figure("customers an address, 6 bits fewer", "64", "2**6"),
            Figure("of the ports fixed, 256 a customer: one in", "4", "65_536 // (64 * 256)"),
        ),
        (
            Beside("erlang_b(256, 200)", "assumed: a customer with 200 live on 256 fixed ports"),
            Beside("erlang_b(256, 250)", "assumed: 250 live"),
        ),
    ),
    Row(
        "nanog-2014-cgn",
        "NANOG 2014, CGN of a fixed network (T. Wicks)",
        "https://mailman.nanog.org/pipermail/nanog/2014-July/068920.html",
        (
            Figure(
                "prefix length of a pool for 200,000 translations of 10,000 customers",
                "24",
                "32 - ceil(log2(200_000 / 64_512))",
                follows=False,
                why="4 addresses have the ports; the rest is comfort",
            ),
        ),
        (
            Beside("erlang_b(4 * 64_512, 200_000 * 1.29)", "assumed: 29 % more than published, on 4 addresses as one pool"),
            Beside("log_erlang_b(64_512, 200_000 / 256)", "published: 781 an address of a /24"),
        ),
    ),
)
