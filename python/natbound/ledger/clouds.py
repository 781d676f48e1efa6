"""Gateways of the clouds: AWS, Azure, Google."""

from natbound.ledger.entry import Beside, Figure, Row

ROWS = (
    Row(
        "aws-900",
        "AWS, VPC user guide (older edition), NAT gateways",
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
        (
            Figure("connections a second to one destination, to the hundred", "900", "round(55_000 / 60, -2)", ",.0f"),
            Figure(
                "connections a minute at that rate",
                "55,000",
                "900 * 60",
                follows=False,
                why="900 a second are 54,000 a minute; 55,000 are 917 a second",
            ),
        ),
        (
            Beside("erlang_b(55_000, 900 * 60)", "published: 900/s; assumed: held 60 s"),
            Beside("erlang_b(55_000, 900 * 61)", "published: 900/s; assumed: held 61 s"),
            Beside("erlang_b(55_000, 55_000)", "published: 55,000 a minute; assumed: held 60 s"),
        ),
        seen="several public copies of the older edition; the guide of today no longer has the rate",
    ),
    Row(
        "aws-440000",
        "AWS blog, several addresses on one NAT gateway",
        "https://aws.amazon.com/blogs/networking-and-content-delivery/attach-multiple-ips-to-a-nat-gateway-to-scale-your-egress-traffic-pattern/",
        (Figure("connections to one destination, 8 addresses", "440,000", "8 * 55_000"),),
        (
            Beside("log_erlang_b(440_000, 432_000)", "assumed: 7,200/s held 60 s, all addresses as one pool"),
            Beside("erlang_b(55_000, 54_000)", "assumed: the same, each connection bound to one address"),
        ),
    ),
    Row(
        "apigee",
        "Google, Apigee: number of static NAT addresses",
        "https://cloud.google.com/apigee/docs/api-platform/security/nat-calculation?hl=ko",
        (
            Figure(
                "addresses: 10,000 TPS of 50 ms, at most 5,000 to one backend, one environment",
                "12",
                "ceil(max(ceil(150.05 * 5_000), max(4_096, ceil(512 / 75 * 10_000)) + 6_144) / 64_512)",
            ),
        ),
        (
            Beside("log_erlang_b(12 * 64_512, 750_250)", "published: 5,000/s held 150.05 s, one pool"),
            Beside("refusal_probability(12 * 64_512, 32, 750_250)", "published: the same; assumed: 32 random ports are tried"),
        ),
        note="The English page was read up to the formula, its Korean edition to the answer.",
    ),
    Row(
        "gcp-ports",
        "Google, Cloud NAT: addresses and ports",
        "https://cloud.google.com/nat/docs/ports-and-addresses#port-reservation-examples",
        (
            Figure("VMs on one address, 64 ports each", "1,008", "64_512 // 64"),
            Figure("VMs on two addresses", "2,016", "2 * 64_512 // 64"),
            Figure("VMs on one address, 4,096 ports each", "15", "64_512 // 4_096"),
        ),
        (
            Beside("erlang_b(64, 58)", "assumed: 90 % of 64 ports, to one destination"),
            Beside("erlang_b(4_096, 3_686)", "assumed: 90 % of 4,096"),
        ),
        seen="mile.cloud's quotation of the formula; Google's page only in its first part",
    ),
    Row(
        "gitlab-10629",
        "GitLab, what to do about NAT in production",
        "https://gitlab.com/gitlab-com/gl-infra/infrastructure/-/issues/10629",
        (
            Figure(
                "VMs: 14 addresses, 2,048 ports each",
                "448",
                "65_536 // 2_048 * 14",
                but="64_512 // 2_048 * 14",
                why="an address has 64,512 ports to give, which are 31 whole shares",
            ),
        ),
        (
            Beside("erlang_b(2_048, 1_843)", "assumed: a VM at 90 % of its ports, to one destination"),
            Beside("erlang_b(2_048, 2_048)", "assumed: at 100 %"),
        ),
        note="Google's own formula rounds once, over all addresses, and gives 441.",
    ),
    Row(
        "azure-lb-table",
        "Azure, Load Balancer: default ports a VM",
        "https://learn.microsoft.com/en-us/azure/load-balancer/load-balancer-outbound-connections#preallocatedports",
        (
            Figure("ports a VM, up to 50 VMs", "1,024", "51_200 // 50", fitted=True),
            Figure("up to 100", "512", "51_200 // 100", fitted=True),
            Figure("up to 200", "256", "51_200 // 200", fitted=True),
            Figure("up to 400", "128", "51_200 // 400", fitted=True),
            Figure("up to 800", "64", "51_200 // 800", fitted=True),
            Figure("up to 1,000", "32", "51_200 // 1_600", fitted=True),
        ),
        (
            Beside("erlang_b(1_024, 920)", "assumed: 90 % of 1,024"),
            Beside("erlang_b(512, 460)", "assumed: 90 % of 512"),
            Beside("erlang_b(32, 29)", "assumed: 90 % of 32"),
        ),
        seen="MicrosoftDocs/azure-docs, commit 0021892",
        note="The pool of 51,200 is printed elsewhere (next row). The last pool ends at 1,000 VMs and could have 51 ports, or 48 in eights.",
    ),
    Row(
        "azure-lb-51200",
        "Azure documentation, the ports an address had",
        "https://github.com/MicrosoftDocs/azure-docs/pull/19275",
        (Figure("most ports an address, 50 VMs", "51,200", "50 * 1_024", but="64_000", why="a defect of its time; later 64,000"),),
        (Beside("erlang_b(51_200, 51_000)", "assumed: 51,000 live, were they one pool"),),
        note="The pool behind the table of default ports.",
    ),
    Row(
        "azure-lb-third-address",
        "Azure documentation, a second and a third address",
        "https://github.com/MicrosoftDocs/azure-docs/commit/e34dbe029c5a4cc006c26270edc8f8852e28f142",
        (
            Figure("ports a VM, 100 VMs, one address", "512", "min(1_024, 1 * 512)"),
            Figure("two addresses", "1,024", "min(1_024, 2 * 512)"),
            Figure("three addresses", "1,024", "min(1_024, 3 * 512)"),
        ),
        (
            Beside("erlang_b(512, 500)", "assumed: 500 live to one destination, one address"),
            Beside("log_erlang_b(1_024, 500)", "assumed: the same, two addresses or three"),
        ),
        seen="a mirror of the commit at webkkk.net",
    ),
    Row(
        "azure-nat-gateway",
        "Azure, NAT gateway resource",
        "https://learn.microsoft.com/en-us/azure/nat-gateway/nat-gateway-resource",
        (Figure("million ports, 16 addresses (over ...)", "1", "16 * 64_512 // 1_000_000"),),
        (
            Beside(
                "erlang_b(50_000, 750 * 65)", "assumed: 750/s to one endpoint on one address, held 65 s after FIN; published limit 50,000"
            ),
            Beside("refusal_probability(64_512, 1, 48_750)", "assumed: the same load, one random port and no second try"),
        ),
        seen="MicrosoftDocs/azure-docs, commit 00595da",
    ),
    Row(
        "azure-firewall",
        "Azure documentation, ports of Azure Firewall",
        "https://github.com/MicrosoftDocs/azure-docs/pull/98090",
        (
            Figure("ports: 2,496 an address and instance, 250 addresses, 2 instances", "1,248,000", "2_496 * 250 * 2"),
            Figure("before, 1,024 each", "512,000", "1_024 * 250 * 2"),
        ),
        (
            Beside("erlang_b(2_496, 2_371)", "assumed: 95 % of one address of one instance"),
            Beside("erlang_b(1_024, 973)", "assumed: 95 % before"),
        ),
    ),
    Row(
        "palo-alto",
        "Palo Alto Networks, DIPP oversubscription",
        "https://docs.paloaltonetworks.com/pan-os/9-1/pan-os-admin/networking/nat/dynamic-ip-and-port-nat-oversubscription",
        (Figure("K sessions an address, 64K ports used 8 times", "512", "64 * 8"),),
        (Beside("erlang_b(64_000, 63_900)", "assumed: 63,900 to one destination, where a port serves once"),),
    ),
)
