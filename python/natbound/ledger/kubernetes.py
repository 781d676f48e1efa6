"""Clusters: how many nodes the ports of a few addresses serve."""

from natbound.ledger.entry import Beside, Figure, Row

ROWS = (
    Row(
        "aks-load-balancer",
        "Azure, AKS: outbound ports and addresses",
        "https://learn.microsoft.com/en-us/azure/aks/configure-load-balancer-standard#examples-of-calculating-outbound-ports-and-ips",
        (
            Figure("nodes, 1,000 ports each, 2 addresses", "128", "64_000 // 1_000 * 2"),
            Figure("nodes, 1,000 ports each, 7 addresses", "448", "64_000 // 1_000 * 7"),
            Figure("nodes, 4,000 ports each, 2 addresses", "32", "64_000 // 4_000 * 2"),
            Figure("nodes, 4,000 ports each, 7 addresses", "112", "64_000 // 4_000 * 7"),
            Figure("default ports a node, 48 nodes", "1024", "51_200 // 50", "d", fitted=True),
            Figure("default ports a node, 52 nodes", "512", "51_200 // 100", "d", fitted=True),
            Figure("ports of 100 nodes", "400,000", "100 * 4_000"),
            Figure("ports of 2 surge nodes", "8000", "2 * 4_000", "d"),
            Figure("ports of 7 addresses", "448,000", "7 * 64_000"),
            Figure("ports in excess", "48,000", "7 * 64_000 - 100 * 4_000"),
        ),
        (
            Beside("erlang_b(1_000, 900)", "assumed: a node at 90 % of 1,000 ports, to one destination"),
            Beside("erlang_b(4_000, 3_600)", "assumed: 90 % of 4,000"),
            Beside("log_erlang_b(1_024, 500)", "assumed: 500 live on a node, 48 nodes"),
            Beside("erlang_b(512, 500)", "assumed: the same, 52 nodes"),
        ),
        seen="MicrosoftDocs/azure-aks-docs, commit dfa4e3e",
    ),
    Row(
        "azure-cli-22374",
        "Azure/azure-cli, 3 nodes with 21,000 ports are refused",
        "https://github.com/Azure/azure-cli/issues/22374",
        (Figure("ports that 3 nodes and one to upgrade need", "84000", "(3 + 1) * 21_000", "d"),),
        (Beside("erlang_b(21_000, 20_800)", "assumed: a node with 20,800 live to one destination"),),
        note="63,000 of 64,000 would do for the nodes asked for; the buffer node for upgrades is counted.",
    ),
    Row(
        "azure-cli-16480",
        "Azure/azure-cli, two addresses for three nodes",
        "https://github.com/Azure/azure-cli/issues/16480",
        (
            Figure(
                "ports a node, in eights",
                "42664",
                "2 * 64_000 // 3 // 8 * 8",
                "d",
                but="2 * 64_000 // 4 // 8 * 8",
                why="one node more is counted, for upgrades",
            ),
        ),
        (
            Beside("log_erlang_b(42_664, 32_000)", "assumed: 32,000 live on a node"),
            Beside("erlang_b(32_000, 32_000)", "assumed: the same, with the share of four nodes"),
        ),
    ),
    Row(
        "azure-cli-12358",
        "Azure/azure-cli, how to find the right number of ports",
        "https://github.com/Azure/azure-cli/issues/12358",
        (Figure("ports a node, 10 nodes", "6400", "64_000 // 10", "d"),),
        (Beside("erlang_b(6_400, 6_300)", "assumed: 6,300 live to one destination"),),
    ),
    Row(
        "aks-4697",
        "Azure/AKS, ports that stay allocated",
        "https://github.com/Azure/AKS/issues/4697",
        (Figure("connections of one run", "126", "21 + 21 + 21 + 63"),),
        (
            Beside("batches(1_024, 4 * 126, 126).refusal", "assumed: runs at random, on average 4 in each idle timeout, 1,024 ports"),
            Beside("log_erlang_b(1_024, 4 * 126)", "assumed: the same load, one connection at a time"),
        ),
        note="1,024 ports hold 8 runs; the ninth within the idle timeout finds 16 left.",
    ),
    Row(
        "jenkins-4046",
        "jenkins-infra/helpdesk, 56 nodes with 1,280 ports",
        "https://github.com/jenkins-infra/helpdesk/issues/4046",
        (Figure("ports needed", "71680", "56 * 1_280", "d"),),
        (Beside("erlang_b(1_280, 1_200)", "assumed: 1,200 live on a node, to one destination"),),
    ),
    Row(
        "jenkins-580",
        "jenkins-infra/azure, ports a node",
        "https://github.com/jenkins-infra/azure/pull/580",
        (
            Figure("ports a node, 22 nodes", "2909", "64_000 // 22", "d", but="64_000 // 22 // 8 * 8", why="Azure takes multiples of 8"),
            Figure("ports that 25 nodes need at 3,200", "80000", "25 * 3_200", "d"),
        ),
        (Beside("erlang_b(2_904, 2_800)", "assumed: 2,800 live on a node, to one destination"),),
    ),
    Row(
        "supportarticles-2101",
        "MicrosoftDocs/SupportArticles-docs, nodes that count",
        "https://github.com/MicrosoftDocs/SupportArticles-docs/pull/2101",
        (Figure("nodes that count (in words), 8 and a surge of 10 %", "9", "8 + ceil(8 * 10 / 100)"),),
        (
            Beside("log_erlang_b(64_000 // 8, 7_000)", "assumed: 7,000 live on a node, the ports shared by 8"),
            Beside("erlang_b(64_000 // 9, 7_000)", "assumed: the same, shared by 9"),
        ),
    ),
    Row(
        "supportarticles-2102",
        "MicrosoftDocs/SupportArticles-docs, a second address",
        "https://github.com/MicrosoftDocs/SupportArticles-docs/pull/2102",
        (Figure("ports of two addresses", "128,000", "2 * 64_000"),),
        (Beside("erlang_b(128_000, 127_800)", "assumed: 127,800 live to one destination, were they one pool"),),
    ),
    Row(
        "thales-k8saas",
        "Thales K8SaaS, outbound flows",
        "https://doc.kaas.thalesdigital.io/docs/Features/AzureNatgateway",
        (
            Figure("ports a node, 8 nodes", "8000", "64_000 // 8", "d"),
            Figure("ports of a gateway with two addresses", "128,000", "2 * 64_000"),
        ),
        (
            Beside("erlang_b(8_000, 7_900)", "assumed: 7,900 live on one node, ports fixed by node"),
            Beside("log_erlang_b(128_000, 8 * 7_900)", "assumed: 7,900 live on each of 8, ports shared"),
        ),
    ),
    Row(
        "gardener-6",
        "gardener-extension-provider-gcp, a default for ports a VM",
        "https://github.com/gardener/gardener-extension-provider-gcp/issues/6",
        (
            Figure(
                "nodes on one address, 2,048 ports each, to the ten",
                "30",
                "round(64_512 / 2_048, -1)",
                ",.0f",
                but="64_512 // 2_048",
                why="exactly",
            ),
        ),
        (
            Beside("erlang_b(64, 64)", "assumed: 64 live on a node, to one destination; the default of 64 ports"),
            Beside("log_erlang_b(2_048, 64)", "assumed: the same, 2,048 ports"),
        ),
    ),
    Row(
        "gardener-417",
        "gardener-extension-provider-gcp, more nodes than ports",
        "https://github.com/gardener/gardener-extension-provider-gcp/issues/417",
        (
            Figure("nodes on one address, 10,000 ports each", "6", "64_512 // 10_000"),
            Figure("addresses for 20 nodes", "4", "ceil(20 / (64_512 // 10_000))"),
        ),
        (Beside("erlang_b(10_000, 9_900)", "assumed: 9,900 live on a node, to one destination"),),
    ),
    Row(
        "cluster-toolkit-4366",
        "GoogleCloudPlatform/cluster-toolkit, addresses of a NAT",
        "https://github.com/GoogleCloudPlatform/cluster-toolkit/pull/4366",
        (Figure("addresses: 256 nodes, 1,024 ports each", "5", "ceil(256 * 1_024 / 64_512)"),),
        (Beside("erlang_b(1_024, 922)", "assumed: a node at 90 % of its ports, to one destination"),),
        note="Six are shipped.",
    ),
    Row(
        "cilium-32768",
        "Cilium, limits of egress gateways",
        "https://docs.cilium.io/en/stable/network/egress-gateway/egress-gateway-troubleshooting/",
        (Figure("connections to one endpoint from one egress address", "32768", "65_535 - 32_767", "d"),),
        (
            Beside("log_erlang_b(32_768, 29_491)", "assumed: 90 % of them, were every port tried"),
            Beside("refusal_probability(32_768, 32, 29_491)", "assumed: the same, 32 random tries"),
        ),
    ),
    Row(
        "cilium-33074",
        "cilium/cilium, no mapping while the table is far from full",
        "https://github.com/cilium/cilium/issues/33074",
        (
            Figure("connections that failed, 54 on each of two pods", "108", "2 * 54"),
            Figure(
                "share of 83,976",
                "0.128%",
                "108 / 83_976",
                ".3%",
                follows=False,
                why="0.12861 %: cut, not rounded",
            ),
        ),
        (
            Beside("refusal_probability(32_768, 128, 31_130)", "assumed: 95 % of the ports offered, 128 random tries"),
            Beside("refusal_probability(32_768, 32, 26_542)", "assumed: 81 %, 32 random tries"),
            Beside("log_erlang_b(32_768, 31_130)", "assumed: 95 %, were every port tried"),
        ),
        note="What is measured needs no full table: a search that gives up is enough.",
    ),
    Row(
        "kubernetes-72472",
        "kubernetes/kubernetes, the conntrack table of 96 cores",
        "https://github.com/kubernetes/kubernetes/issues/72472",
        (Figure("entries, 32K a core", "3145728", "96 * 32 * 1_024", "d"),),
        (Beside("log_erlang_b(3_145_728, 3_130_000)", "assumed: 3,130,000 tracked on average"),),
        note="A table, not ports: what refuses first is whichever is smaller for the traffic.",
    ),
    Row(
        "felix-616",
        "projectcalico/felix, conntrack under churn",
        "https://github.com/projectcalico/felix/issues/616",
        (
            Figure(
                "million entries: 2 VMs a second, 800 connections each, kept an hour",
                "1",
                "2 * 800 * 3_600 / 1_000_000",
                ".3g",
                follows=False,
                why="if the churn lasts; a million is reached after 625 s",
            ),
        ),
        (
            Beside("erlang_b(1_000_000, 2 * 800 * 3_600)", "published: 1,600/s, kept 3,600 s, were the churn to last"),
            Beside("log_erlang_b(1_000_000, 2 * 800 * 600)", "assumed: kept 600 s"),
        ),
    ),
)
