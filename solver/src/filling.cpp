// A flow can be put on a port in three ways: it preserves it; it preserves nothing and draws it; or
// its own port is busy, and it draws it. The plan tries them in this order and steps the concrete
// design for each, so that what it returns has happened.
#include "filling.hpp"

#include <algorithm>
#include <set>

#include "aiming.hpp"

namespace natbound::detail {
namespace {

constexpr std::uint64_t most_stepped = 300000;
constexpr std::uint64_t most_turns = 1024;  // of one flow, to get an address of its client's

struct counted_script {
    scripted_bits script;
    std::ptrdiff_t drawn = 0;

    std::uint64_t draw(std::uint64_t values) {
        ++drawn;
        return script.draw(values);
    }
    bool chance(double probability) { return script.chance(probability); }
};

class planner {
  public:
    planner(const nat_plan& plan, const arena& where, const actor& failing,
            const visited_ports& visited)
        : plan_(plan),
          actors_(where.actors),
          failing_(failing),
          visited_(visited),
          ports_(visited.ports()),
          source_(visited.source()),
          kept_(plan.holes.anywhere()),
          table_(plan),
          aim_(plan) {
        // under paired pooling the one who fails shall have flows on the address that is filled
        if (plan.pairs())
            std::stable_partition(actors_.begin(), actors_.end(),
                                  [&](const actor& a) { return a.address == failing.address; });
    }

    std::optional<filling> run() {
        if (visited_.size() > most_stepped) return std::nullopt;
        const auto& pool = plan_.of->external_ip_address_pool;
        const auto size = static_cast<std::uint64_t>(plan_.pool_size);
        for (std::uint64_t i = 0; i < (visits_all_addresses(plan_) ? size : 1); ++i) {
            const ip_address a = pool.at((visited_.start + i) % size);
            const auto& here = visited_.on(a);
            const port_set open = here.sequence.ports - here.holes;
            for (const auto& part : open.parts())
                for (port p = part.first; p <= part.last; ++p) wanted_.insert({a, p});
        }
        keep();
        if (!wanted_.empty()) draw_sources(false);
        if (!wanted_.empty()) draw_sources(true);
        if (!wanted_.empty()) displace_all();
        if (!wanted_.empty() || missed_) return std::nullopt;
        // one that has no address yet would go on to others
        if (plan_.pairs() && plan_.design.pool.fallback && table_.live_of(failing_.address) == 0)
            return std::nullopt;
        filling out;
        out.live = table_.live();
        out.who = failing_;
        out.source = source_;
        if (table_.draws_address(failing_.at(source_))) out.draws.push_back(visited_.start);
        const auto rest = visited_.draws(plan_);
        out.draws.insert(out.draws.end(), rest.begin(), rest.end());
        // the proof of the pudding (addresses in turn: when it is the full one's)
        for (std::uint64_t i = turns(failing_.at(source_)); i > 0; --i) {
            counted_script script{scripted_bits(out.draws)};
            if (table_.open(failing_.at(source_), script).failed()) {
                if (script.drawn < std::ssize(out.draws)) return std::nullopt;
                out.trace = writer_.take();
                return out;
            }
            writer_.open(failing_, source_, {out.draws.begin(), out.draws.begin() + script.drawn});
            writer_.close(failing_, source_);
            table_.remove(failing_.at(source_));
        }
        return std::nullopt;
    }

  private:
    // The opens after which a client's first flow has had every address, where they go in turn.
    std::uint64_t turns(const flow& f) const {
        const bool in_turn = plan_.design.pool.choice == pool_choice::round_robin && plan_.pairs();
        return in_turn && table_.live_of(f.source.address) == 0
                   ? std::min<std::uint64_t>(saturated(plan_.pool_size), most_turns)
                   : 1;
    }

    bool is_failing(const actor& a, port source) const {
        return a.at(source) == failing_.at(source_);
    }

    std::uint64_t address_rank() const {
        const auto& pool = plan_.of->external_ip_address_pool;
        return static_cast<std::uint64_t>(pool.rank(wanted_.begin()->address).value_or(0));
    }

    // Opens a flow aimed at what is wanted next; keeps it if it lands on anything wanted.
    bool place(const actor& a, port source) {
        const flow f = a.at(source);
        const auto& range = plan_.class_of(source);
        const auto target = range.rank(wanted_.begin()->port);
        // in turn: round and round, until a client that has no address yet gets the wanted one
        for (std::uint64_t i = turns(f); i > 0; --i) {
            aim_.aim(table_, f, target.value_or(0), address_rank());
            const opened got = table_.open(f, aim_);
            if (got.refused != refusal::none) {
                missed_ = missed_ || turns(f) > 1;  // a turn that no trace can show
                return false;
            }
            const auto at = wanted_.find(got.external);
            if (at != wanted_.end()) {
                writer_.open(a, source, aim_.drawn);
                wanted_.erase(at);
                return true;
            }
            table_.remove(f);
            if (turns(f) == 1) return false;
            writer_.open(a, source, aim_.drawn);
            writer_.close(a, source);
            if (got.external.address == wanted_.begin()->address) return false;
        }
        return false;
    }

    // Flows that keep their own port where it is wanted.
    void keep() {
        std::set<endpoint> left;
        std::vector<endpoint> all(wanted_.begin(), wanted_.end());
        std::sort(all.begin(), all.end(), [](const endpoint& a, const endpoint& b) {
            return a.port != b.port ? a.port < b.port : a.address < b.address;
        });
        for (const auto& w : all) {
            wanted_ = {w};
            bool placed = false;
            if (plan_.preserves(w.port))
                for (const auto& a : actors_) {
                    if (!a.clients->ports.contains(w.port) || is_failing(a, w.port) ||
                        table_.is_live(a.at(w.port)))
                        continue;
                    placed = place(a, w.port);
                    break;
                }
            if (!placed) left.insert(w);
        }
        wanted_ = std::move(left);
    }

    // Flows that preserve nothing (or, `displaced`, whose own port is busy by now) and draw their
    // port.
    void draw_sources(bool displaced) {
        for (const auto& a : actors_)
            for (const auto& part : a.clients->ports.parts())
                for (port p = part.first; p <= part.last; ++p) {
                    if (wanted_.empty()) return;
                    if (plan_.preserves(p) != displaced || is_failing(a, p) ||
                        table_.is_live(a.at(p)))
                        continue;
                    if (!plan_.class_of(p).ports.contains(wanted_.begin()->port)) continue;
                    if (displaced && !ports_.contains(p) && !kept_.contains(p)) continue;
                    place(a, p);
                }
    }

    // Flows whose own port another client's flow holds for as long as they open.
    void displace_all() {
        for (std::size_t i = 0; i < actors_.size(); ++i)
            for (std::size_t j = 0; j < actors_.size(); ++j) {
                if (i == j) continue;
                const auto &holder = actors_[i], &moved = actors_[j];
                const port_set both = holder.clients->ports & moved.clients->ports;
                for (const auto& part : both.parts())
                    for (port p = part.first; p <= part.last; ++p) {
                        if (wanted_.empty()) return;
                        if (!plan_.preserves(p) || ports_.contains(p) || is_failing(moved, p))
                            continue;
                        if (!plan_.class_of(p).ports.contains(wanted_.begin()->port)) continue;
                        if (table_.is_live(holder.at(p)) || table_.is_live(moved.at(p)) ||
                            is_failing(holder, p))
                            continue;
                        aim_.aim(table_, holder.at(p), 0, address_rank());
                        const bool in_turn = turns(holder.at(p)) > 1;
                        if (table_.open(holder.at(p), aim_).refused != refusal::none) {
                            missed_ = missed_ || in_turn;
                            continue;
                        }
                        writer_.open(holder, p, aim_.drawn);
                        place(moved, p);
                        table_.remove(holder.at(p));
                        writer_.close(holder, p);
                    }
            }
    }

    const nat_plan& plan_;
    std::vector<actor> actors_;
    const actor& failing_;
    const visited_ports& visited_;
    port_set ports_;  // that are tried on some address
    port source_;
    port_set kept_;  // by static mappings, somewhere: such a port is no flow's own
    nat_table table_;
    aiming aim_;
    trace_writer writer_;
    std::set<endpoint> wanted_;
    bool missed_ = false;
};

}  // namespace

std::optional<filling> fill(const nat_plan& plan, const arena& where, const actor& failing,
                            const visited_ports& visited) {
    return planner(plan, where, failing, visited).run();
}

std::optional<filling> fill_all(const nat_plan& plan, const arena& where, std::uint64_t most) {
    if (plan.pairs() || plan.classes.size() != 1 ||
        plan.design.first_choice != first_choice::none || plan.pool_size > UINT32_MAX ||
        !plan.holes.empty())
        return std::nullopt;
    const auto pool = static_cast<std::uint64_t>(plan.pool_size);
    const std::uint64_t n = plan.classes[0].size;
    const bool round_robin = plan.design.pool.choice == pool_choice::round_robin && pool > 1;
    trace_writer writer;
    filling out;
    std::uint64_t k = 0;
    // the draws of flow k: the address where that is drawn (addresses that are full before it cost
    // a draw each), then its rank
    const auto draws = [&](std::uint64_t flow_number) {
        std::vector<std::uint64_t> d;
        const std::uint64_t at = round_robin ? 0 : flow_number / n;
        if (pool > 1 && !where.rank && !round_robin)
            d.push_back(at % pool);
        else
            d.insert(d.end(), at, 0);
        d.push_back(flow_number % n);
        return d;
    };
    for (const auto& a : where.actors)
        for (const auto& part : a.clients->ports.parts())
            for (port p = part.first; p <= part.last;) {
                if (k == most) {
                    out.who = a;
                    out.source = p;
                    out.live = k;
                    out.trace = writer.take();
                    return out;
                }
                const std::uint64_t length =
                    std::min<std::uint64_t>({part.last - p + 1, n - k % n, most - k});
                const auto d = draws(k);
                std::vector<std::uint64_t> step(d.size(), 0);
                step.back() = 1;
                writer.open_run(a, p, p + static_cast<port>(length) - 1, d, step);
                p += static_cast<port>(length);
                k += length;
            }
    return std::nullopt;
}

std::optional<filling> fill_table(const nat_plan& plan, const std::vector<arena>& all,
                                  std::uint64_t most) {
    if (most > most_stepped) return std::nullopt;
    nat_table table(plan);
    trace_writer writer;
    filling out;
    for (const auto& where : all) {
        aiming aim(plan);
        for (const auto& a : where.actors)
            for (const auto& part : a.clients->ports.parts())
                for (port p = part.first; p <= part.last; ++p) {
                    if (table.is_live(a.at(p))) continue;
                    // port after port, so that a replay finds each at once
                    const std::uint64_t n = plan.class_of(p).size;
                    aim.aim(table, a.at(p), table.live() % n,
                            table.live() / n % saturated(plan.pool_size));
                    const opened got = table.open(a.at(p), aim);
                    if (got.failed()) {
                        if (table.live() != most ||
                            (got.refused != refusal::none && got.refused != refusal::table_full))
                            return std::nullopt;
                        out.who = a;
                        out.source = p;
                        out.draws = aim.drawn;
                        out.live = most;
                        out.trace = writer.take();
                        return out;
                    }
                    writer.open(a, p, aim.drawn);
                }
    }
    return std::nullopt;
}

}  // namespace natbound::detail
