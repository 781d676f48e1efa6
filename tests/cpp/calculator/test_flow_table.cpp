// The fast table against the reference step: the same flows and the same random numbers lead to the
// same choices, for every design of the catalogue and changes of it.
#include <algorithm>
#include <map>
#include <natbound/calculator/flow_table.hpp>

#include "all_draws.hpp"
#include "catch.hpp"

using namespace natbound;
using namespace natbound::calculator;

namespace {

class pair_of_tables {
  public:
    pair_of_tables(const nat& n, std::vector<endpoint> destinations,
                   std::vector<transport> protocols, std::uint64_t seed, const nat* later = nullptr)
        : first_(n),
          next_(later ? *later : n),
          protocols_(std::move(protocols)),
          destinations_(std::move(destinations)),
          setups_(both_setups(later != nullptr)),
          slow_(first_),
          fast_(setups_.first),
          slow_random_(seed),
          fast_random_(seed) {}

    static constexpr std::uint32_t clients = 3;
    flow flow_for(std::uint32_t client, std::uint32_t destination, port source) const {
        return {protocols_[destination],
                {parse_address("10.0.0.1") + client, source},
                destinations_[destination]};
    }

    void open(std::uint32_t client, std::uint32_t destination, port source) {
        const flow f = flow_for(client, destination, source);
        if (slow_.is_live(f)) return;
        const opened want = slow_.open(f, slow_random_);
        const auto rank = plan_->pool_rank(f.source.address, f.destination.address);
        std::vector<flow> gone;
        const table_outcome got =
            fast_.open(client, destination, source,
                       rank ? static_cast<std::uint32_t>(*rank) : flow_table::none, fast_random_,
                       [&](std::uint32_t id) {
                           gone.push_back(by_id_.at(id));
                           ids_.erase(by_id_.at(id));
                           by_id_.erase(id);
                       });
        REQUIRE(got.refused == want.refused);
        REQUIRE(got.cut == want.cut.has_value());
        REQUIRE(got.cut_was_open == want.cut_was_open);
        REQUIRE(got.took_over == want.taken_over.has_value());
        std::vector<flow> want_gone;
        if (want.cut) want_gone.push_back(*want.cut);
        if (want.taken_over) want_gone.push_back(*want.taken_over);
        REQUIRE(gone == want_gone);
        ++outcomes[static_cast<int>(want.refused)];
        cut += want.cut.has_value();
        taken_over += want.taken_over.has_value();
        if (want.refused == refusal::none) {
            REQUIRE(fast_.external_of(got.id) == want.external.port);
            const auto& set = fast_.setup();
            const std::uint32_t column = fast_.cell_of(got.id) % std::max(set.columns, set.ranks);
            const auto place = std::find(set.column.begin(), set.column.end(), column);
            const auto at = set.column.empty() ? column : place - set.column.begin();
            const ip_address address =
                plan_->of->external_ip_address_pool.at(static_cast<u128>(at));
            REQUIRE(address == want.external.address);
            REQUIRE_FALSE(plan_->holes.contains(f.protocol, address, want.external.port));
            by_id_[got.id] = f;
            ids_[f] = got.id;
        }
        REQUIRE(fast_.live() == slow_.live());
    }

    // Closes or removes some flow.
    void end(random_bits& random) {
        if (ids_.empty()) return;
        auto it = ids_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(random.draw(ids_.size())));
        const auto [f, id] = *it;
        const auto cause = f.protocol == transport::tcp ? static_cast<close_cause>(random.draw(3))
                                                        : close_cause::udp;
        const bool kept = plan_->of->timer(cause) > 0;
        if (fast_.is_open(id) && random.chance(0.6)) {
            slow_.close(f, cause);
            if (kept) return fast_.close(id, cause);
        } else {
            slow_.remove(f);
        }
        fast_.remove(id);
        by_id_.erase(id);
        ids_.erase(f);
    }

    // Both become the other NAT.
    void change(bool ends) {
        plan_ = &next_;
        slow_.move_to(next_, ends);
        fast_.move_to(setups_.second);
        for (auto it = by_id_.begin(); ends && it != by_id_.end();) {
            const auto [id, f] = *it;
            const bool gone = fast_.is_away(id);
            REQUIRE(slow_.is_live(f) == !gone);
            ++it;
            if (!gone) continue;
            fast_.remove(id);
            ids_.erase(f);
            by_id_.erase(id);
        }
        for (const auto& [id, f] : by_id_) away += fast_.is_away(id);
        REQUIRE(fast_.live() == slow_.live());
    }

    void same_numbers_drawn() { REQUIRE(slow_random_.next() == fast_random_.next()); }

    std::map<int, int> outcomes;
    int cut = 0, taken_over = 0, away = 0;

  private:
    std::pair<table_setup, table_setup> both_setups(bool changes) const {
        std::pair<table_setup, table_setup> out{setup(first_), setup(next_)};
        if (changes) join_columns(out.first, out.second);
        return out;
    }
    table_setup setup(const nat_plan& plan) const {
        std::map<scope_key, std::uint32_t> scopes;
        std::map<ip_address, std::uint32_t> addresses;
        std::vector<destination_place> places;
        for (std::size_t d = 0; d < destinations_.size(); ++d) {
            const flow f = flow_for(0, static_cast<std::uint32_t>(d), 1);
            const auto scope = scopes.try_emplace(scope_of(f, plan.design.clash_scope),
                                                  static_cast<std::uint32_t>(scopes.size()));
            const auto address = addresses.try_emplace(
                f.destination.address, static_cast<std::uint32_t>(addresses.size()));
            places.push_back({scope.first->second, address.first->second, protocols_[d]});
        }
        return setup_for(plan, places, static_cast<std::uint32_t>(scopes.size()),
                         static_cast<std::uint32_t>(plan.pool_size));
    }

    nat_plan first_, next_;
    const nat_plan* plan_ = &first_;
    std::vector<transport> protocols_;
    std::vector<endpoint> destinations_;
    std::pair<table_setup, table_setup> setups_;
    nat_table slow_;
    flow_table fast_;
    random_bits slow_random_, fast_random_;
    std::map<std::uint32_t, flow> by_id_;
    std::map<flow, std::uint32_t> ids_;
};

struct tally {
    int refused = 0, full = 0, conflict = 0, quota = 0, cut = 0, taken_over = 0, away = 0;
};

// Random flows through one NAT: three clients with ten ports each around the range's, up to five
// destinations.
void compare(nat n, std::uint64_t seed, int steps, tally& sum, const nat* later = nullptr) {
    random_bits random(seed);
    const auto a = parse_address("198.51.100.1");
    std::vector<endpoint> all = {{a, 53}, {a, 80}, {a, 443}, {a + 1, 80}};
    std::vector<transport> protocols = {transport::tcp, transport::tcp, transport::tcp,
                                        transport::tcp};
    const auto many = 1 + random.draw(4);
    all.resize(many);
    protocols.resize(many);
    if (random.draw(2) == 1) {
        all.push_back({a, 53});
        protocols.push_back(transport::udp);
    }
    const port first = n.port_set_restrict ? *n.port_set_restrict->start_port_number - 2 : 1024;
    pair_of_tables both(n, all, protocols, seed + 1, later);
    const std::uint64_t sources = n.port_set_restrict ? 10 : 60000;
    const double opens = 0.55 + 0.3 * random.unit();
    for (int i = 0; i < steps; ++i) {
        if (later && i == steps / 2) both.change(seed % 2 == 0);
        if (random.chance(opens))
            both.open(static_cast<std::uint32_t>(random.draw(pair_of_tables::clients)),
                      static_cast<std::uint32_t>(random.draw(all.size())),
                      first + static_cast<port>(random.draw(sources)));
        else
            both.end(random);
    }
    both.same_numbers_drawn();
    sum.refused += both.outcomes[static_cast<int>(refusal::no_port)];
    sum.full += both.outcomes[static_cast<int>(refusal::table_full)];
    sum.conflict += both.outcomes[static_cast<int>(refusal::conflict)];
    sum.quota += both.outcomes[static_cast<int>(refusal::quota)];
    sum.cut += both.cut;
    sum.taken_over += both.taken_over;
    sum.away += both.away;
}

nat small_nat(const design& d, random_bits& random) {
    nat n = test::nat_with(d, 1 + random.draw(3));
    n.port_set_restrict = port_restriction{40000, 40000 + static_cast<port>(random.draw(12))};
    if (random.draw(3) == 0) n.connection_limits.limit_per_instance = 3 + random.draw(20);
    return n;
}

}  // namespace

TEST_CASE("each design of the catalogue: the fast table chooses as the reference does") {
    for (const auto& d : catalogue()) {
        random_bits random(11);
        tally sum;
        for (std::uint64_t i = 0; i < 60; ++i) {
            INFO(d.name << " run " << i);
            compare(small_nat(d, random), 1000 * i + 5, 300, sum);
        }
        INFO(d.name);
        CHECK(sum.refused > 50);
        if (d.pressure == pressure_kind::refuse)
            CHECK(sum.full > 50);
        else
            CHECK(sum.cut > 50);
        if (!d.reuse.take_over.empty()) CHECK(sum.taken_over > 50);
    }
}

TEST_CASE("with all of their own ports, too") {
    for (const auto& d : catalogue()) {
        INFO(d.name);
        tally sum;
        for (std::uint64_t i = 0; i < 4; ++i) compare(test::nat_with(d, 1 + i % 2), i, 400, sum);
    }
}

TEST_CASE("changed designs: scopes, mappings that flows share, tables that drop") {
    const auto mappings = {mapping_type::eim, mapping_type::adm, mapping_type::edm,
                           mapping_type::eim_if_possible};
    const auto scopes = {scope_destination::none, scope_destination::address,
                         scope_destination::endpoint};
    random_bits random(12);
    tally sum;
    for (const auto mapping : mappings)
        for (const auto scope : scopes)
            for (int i = 0; i < 40; ++i) {
                design d = catalogue()[random.draw(catalogue().size())];
                d.mapping_type = mapping;
                d.clash_scope.destination = scope;
                d.clash_scope.protocol = random.draw(2) == 1;
                d.pressure = static_cast<pressure_kind>(random.draw(2));
                d.pool.choice = static_cast<pool_choice>(random.draw(4));
                d.pool.hash = d.pool.choice == pool_choice::hash ? "unknown" : "";
                d.pool.fallback = random.draw(2) == 1;
                if (mapping == mapping_type::eim || mapping == mapping_type::adm)
                    d.reuse.take_over.clear();
                INFO(d.name << " mapping " << static_cast<int>(mapping) << " scope "
                            << static_cast<int>(scope) << " run " << i);
                compare(small_nat(d, random), random.next() % 100000, 200, sum);
            }
    CHECK(sum.conflict > 20);
    CHECK(sum.cut > 100);
    CHECK(sum.taken_over > 100);
}

TEST_CASE("paired pooling: a client's live flows have one address, whatever the choice") {
    random_bits random(15);
    tally sum;
    for (const auto& d : catalogue())
        for (int i = 0; i < 40; ++i) {
            nat n = test::nat_with(d, 2 + random.draw(3));
            n.port_set_restrict =
                port_restriction{40000, 40000 + static_cast<port>(random.draw(6))};
            if (random.draw(3) == 0) n.connection_limits.limit_per_instance = 3 + random.draw(10);
            if (random.draw(3) == 0) n.connection_limits.limit_per_subscriber = 1 + random.draw(8);
            auto& pool = n.design.pool;
            pool.choice = static_cast<pool_choice>(random.draw(4));
            pool.hash = pool.choice == pool_choice::hash ? "unknown" : "";
            pool.fallback = random.draw(2) == 1;
            pool.paired = true;
            INFO(d.name << " run " << i);
            compare(n, random.next() % 100000, 300, sum);
        }
    CHECK(sum.refused > 200);
    CHECK(sum.cut > 50);
}

TEST_CASE("port contiguity, tried and required: partners beside one another") {
    random_bits random(16);
    tally sum;
    for (const auto& d : catalogue())
        for (const auto how : {contiguity::attempt, contiguity::require})
            for (int i = 0; i < 30; ++i) {
                nat n = test::nat_with(d, 1 + random.draw(3));
                n.port_set_restrict =
                    port_restriction{40000, 40001 + static_cast<port>(random.draw(12))};
                auto& to = n.design;
                to.mapping_type = mapping_type::eim;
                to.port_parity_preservation = true;
                to.port_contiguity = how;
                to.clash_scope.destination = static_cast<scope_destination>(random.draw(3));
                to.pool.choice = static_cast<pool_choice>(random.draw(4));
                to.pool.hash = to.pool.choice == pool_choice::hash ? "unknown" : "";
                to.pool.fallback = random.draw(2) == 1;
                to.pool.paired = random.draw(2) == 1;
                to.reuse.take_over.clear();
                to.when_restricted = {};
                if (random.draw(3) == 0)
                    n.connection_limits.limit_per_instance = 3 + random.draw(20);
                INFO(d.name << " run " << i);
                compare(n, random.next() % 100000, 300, sum);
            }
    CHECK(sum.refused > 200);
    CHECK(sum.conflict > 20);
}

TEST_CASE("each design with a quota per subscriber, closing entries counted") {
    for (const auto& d : catalogue()) {
        random_bits random(13);
        tally sum;
        for (std::uint64_t i = 0; i < 40; ++i) {
            nat n = small_nat(d, random);
            n.connection_limits.limit_per_subscriber = 1 + random.draw(8);
            INFO(d.name << " run " << i);
            compare(n, 1000 * i + 5, 300, sum);
        }
        INFO(d.name);
        CHECK(sum.quota > 200);
    }
}

TEST_CASE("each design with static mappings, which no flow is ever given") {
    for (const auto& d : catalogue()) {
        random_bits random(14);
        tally sum;
        for (std::uint64_t i = 0; i < 60; ++i) {
            nat n = small_nat(d, random);
            const port low = *n.port_set_restrict->start_port_number;
            const auto some = [&] {
                const port first = low - 1 + static_cast<port>(random.draw(8));
                return port_set(first, first + static_cast<port>(random.draw(2)));
            };
            const auto& pool = n.external_ip_address_pool;
            const auto last = pool.at(saturated(pool.size()) - 1);
            n.static_mappings = std::vector<static_mapping>{{{}, some(), {}},
                                                            {{last, last}, some(), transport::tcp}};
            INFO(d.name << " run " << i);
            compare(n, 1000 * i + 5, 300, sum);
        }
        INFO(d.name);
        CHECK(sum.refused > 200);
    }
}

TEST_CASE("a NAT that becomes another: ports, addresses, design and limits") {
    random_bits random(17);
    tally sum;
    for (const auto& d : catalogue())
        for (int i = 0; i < 80; ++i) {
            nat n = small_nat(d, random);
            nat later = small_nat(d, random);
            // what closing entries and the order of use were marked by, and what parts ports
            const auto keep = n.design;
            const auto& other = catalogue()[random.draw(catalogue().size())];
            const bool one_flow = other.mapping_type == mapping_type::edm ||
                                  other.mapping_type == mapping_type::eim_if_possible;
            if (one_flow && random.draw(2) == 1) later.design = other;
            later.design.reuse = keep.reuse;
            later.design.pressure = keep.pressure;
            later.design.clash_scope = keep.clash_scope;
            later.design.pool = keep.pool;
            later.design.timers = keep.timers;
            later.design.when_restricted = n.design.when_restricted = {};
            // a list of addresses of which some are as before
            const auto first = parse_address("203.0.113.1") + random.draw(3);
            later.external_ip_address_pool = {first, first + random.draw(3)};
            // a table that begins to drop entries knows no order of those before
            if (keep.pressure != pressure_kind::refuse) {
                n.connection_limits.limit_per_instance = 3 + random.draw(20);
                later.connection_limits.limit_per_instance = 3 + random.draw(20);
            }
            if (random.draw(3) == 0) later.connection_limits.limit_per_subscriber = 3;
            if (random.draw(4) == 0)
                later.static_mappings =
                    std::vector<static_mapping>{{{}, port_set(40003, 40004), {}}};
            INFO(d.name << " then " << later.design.name << " run " << i);
            compare(n, random.next() % 100000, 400, sum, &later);
        }
    CHECK(sum.away > 500);
    CHECK(sum.refused > 500);
    CHECK(sum.taken_over > 50);
    CHECK(sum.quota > 100);
}
