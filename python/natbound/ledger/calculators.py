"""Calculators on the web, test vectors and a paper."""

from natbound.ledger.entry import Beside, Figure, Row

ROWS = (
    Row(
        "codingace-capacity",
        "codingace.net, NAT capacity estimator",
        "https://codingace.net/cbs/nat_capacity.php",
        (
            Figure("mappings, 2,000 users x 40 flows", "125,000", "max(2_000 * 40, 800 * 90) * 5 // 4 * 5 // 4"),
            Figure("mappings of a remote workforce, growth 1.2 x 1.2", "95,040", "max(1_200 * 55, 450 * 80) * 144 // 100", fitted=True),
            Figure("mappings of a regional ISP, growth 1.3 x 1.3", "2,070,250", "max(35_000 * 35, 12_000 * 60) * 169 // 100", fitted=True),
            Figure("addresses of the workforce, 85 % of 64,511 ports", "2", "ceil(95_040 / (64_511 * 0.85))", fitted=True),
            Figure("addresses of the ISP", "38", "ceil(2_070_250 / (64_511 * 0.85))", fitted=True),
            Figure("Mbit/s of the workforce, 55 kbit/s each", "5,227.20", "95_040 * 55 / 1_000", ",.2f", fitted=True),
            Figure("Mbit/s of the ISP, 25 kbit/s each", "51,756.25", "2_070_250 * 25 / 1_000", ",.2f", fitted=True),
            Figure(
                "addresses of a static pool of 800, growth 1.1 x 1.1",
                "969",
                "ceil(800 * 121 / 100)",
                follows=False,
                why="in doubles 800 x 1.1 x 1.1 is 968.0000000000002, and the page rounds up",
            ),
        ),
        (
            Beside("log_erlang_b(2 * 54_834, 95_040)", "published: workforce, 95,040 live on two addresses as one pool"),
            Beside("refusal_probability(109_668, 32, 95_040)", "published: the same; assumed: the NAT gives up after 32 random ports"),
        ),
        note="Growth, usable share and rate of the examples are not printed: 1.1, 1.2 and 1.3 squared, 85 %, 55 and 25 kbit/s fit.",
    ),
    Row(
        "codingace-overload",
        "codingace.net, NAT overload estimator",
        "https://codingace.net/cbs/nat_overload.html",
        (
            Figure(
                "translations: 4,200 clients, 28 %, 9 sessions, 1.40 ports, burst 1.18",
                "20,107",
                "round(4_200 * 0.28 * 9 * 1.40 * 1.18)",
                follows=False,
                but="round(4_200 * 0.28 * 9 * 1.40 * 1.18 * 1.15)",
                why="a factor 1.15 is missing: the formula has growth, the table of the example has not",
            ),
            Figure(
                "utilisation of 126,720",
                "15.87%",
                "4_200 * 0.28 * 9 * 1.40 * 1.18 / 126_720",
                ".2%",
                follows=False,
                but="4_200 * 0.28 * 9 * 1.40 * 1.18 * 1.15 / 126_720",
                why="the same factor",
            ),
        ),
        (Beside("log_erlang_b(126_720, 20_107)", "published"),),
    ),
    Row(
        "codingace-blocking",
        "codingace.net, blocking probability",
        "https://codingace.net/maths/blocking_probability.html",
        (
            Figure("blocking, 8 Erlang on 10", "0.121661", "erlang_b(10, 8)", ".6f"),
            Figure("carried", "7.026711", "8 * (1 - erlang_b(10, 8))", ".6f"),
            Figure("blocking, 12 on 10", "0.301925", "erlang_b(10, 12)", ".6f"),
            Figure("carried", "8.376900", "12 * (1 - erlang_b(10, 12))", ".6f"),
            Figure("blocking, 12 on 14", "0.117210", "erlang_b(14, 12)", ".6f"),
            Figure("carried", "10.593481", "12 * (1 - erlang_b(14, 12))", ".6f"),
            Figure("blocking, 20 on 18", "0.221260", "erlang_b(18, 20)", ".6f"),
            Figure("carried", "15.574793", "20 * (1 - erlang_b(18, 20))", ".6f"),
        ),
        (Beside("retries(14, 12, tries=3).attempt_refusal", "published: 12 on 14; assumed: the refused try three times"),),
    ),
    Row(
        "teletraffic-models",
        "mariakourtesi/Teletraffic-models, tests of Kaufman-Roberts",
        "https://github.com/mariakourtesi/Teletraffic-models/blob/1304b035637aabe8e044583b8dd7ae4824bf8eec/"
        "multi-service-models/spec/formulas/kaufman-roberts/call-blocking-probability.spec.ts",
        (
            Figure("5 units, loads 2 (size 1) and 1 (size 2): first", "0.1721854", "kaufman_roberts(5, (2, 1), (1, 2)).refusal[0]", ".7f"),
            Figure(
                "second",
                "0.3818984",
                "kaufman_roberts(5, (2, 1), (1, 2)).refusal[1]",
                ".7f",
                follows=False,
                why="made from numbers rounded to 7 digits",
            ),
            Figure("5 units, load 2, size 1", "0.0366973", "erlang_b(5, 2)", ".7f", follows=False, why="the same"),
            Figure("5 units, load 2, size 2", "0.4000000", "kaufman_roberts(5, (2,), (2,)).refusal[0]", ".7f"),
            Figure("10 units, load 1", "0.0000001", "erlang_b(10, 1)", ".7f"),
            Figure("with 1 unit reserved for the second", "0.3253012", "kaufman_roberts(5, (2, 1), (1, 2), (1, 0)).refusal[0]", ".7f"),
        ),
        (Beside("kaufman_roberts(5, (2, 1), (1, 2)).refusal[1]", "published"),),
        note="The refusals of port blocks of two sizes in one pool.",
    ),
    Row(
        "fourcot-2012",
        "Fourcot et al., Erlang-based dimensioning for IPv4 Address+Port translation, IEEE ICC 2012",
        "https://doi.org/10.1109/ICC.2012.6364328",
        (
            Figure("users an address, 1,000 ports each", "64", "64_512 // 1_000"),
            Figure(
                "users an address, 400 ports each",
                "150",
                "64_512 // 400",
                follows=False,
                why="150 users take 60,000 ports; 4,512 stay over",
            ),
        ),
        (
            Beside("erlang_b(400, 350)", "assumed: a busy user with 350 live on a fixed range of 400"),
            Beside("log_erlang_b(60_000, 150 * 350)", "assumed: 150 such users on one pool"),
        ),
        seen="its abstract, in the catalogue search.isc.ac",
    ),
)
