// The flow network of one key, and what is read off it.
#include "pairing.hpp"

#include <algorithm>

#include "natbound/model/work.hpp"
#include "natbound/solver/flow_network.hpp"

namespace natbound {
namespace {

// As added, and in both directions among those of its ends.
constexpr double bytes_of_an_arc = 72;

template <class Number>
Number as(const count& value) {
    return static_cast<Number>(value);
}

template <class Number>
class network {
  public:
    // No source class needs more than all externals and one: so much more than fits is never what
    // the minimum cut passes through.
    network(const group& g, const count& enough)
        : g_(g), flows_(static_cast<std::uint32_t>(g.sources.size() + g.externals.size() + 2)) {
        for (const auto& c : g.sources) supply_.push_back(as<Number>(std::min(c.mappings, enough)));
        const auto source_count = static_cast<std::uint32_t>(g.sources.size());
        const std::uint32_t source = source_count + static_cast<std::uint32_t>(g.externals.size());
        for (std::uint32_t i = 0; i < source_count; ++i) flows_.add_arc(source, i, Number(0));
        for (std::uint32_t e = 0; e < g.externals.size(); ++e)
            flows_.add_arc(source_count + e, source + 1, as<Number>(g.externals[e].size()));
        for (std::uint32_t i = 0; i < source_count; ++i) {
            poll();
            const auto& c = g.sources[i];
            for (const auto e : c.same_port)
                arcs_.push_back({i, e, true, flows_.add_arc(i, source_count + e, supply_[i])});
            for (const auto e : c.open)
                arcs_.push_back({i, e, false, flows_.add_arc(i, source_count + e, supply_[i])});
        }
        source_ = source;
    }

    pairing run() {
        pairing out;
        std::vector<std::uint32_t> order(g_.sources.size());
        for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
            return g_.sources[a].weight > g_.sources[b].weight;
        });
        Number total = 0;
        for (std::size_t i = 0; i < order.size();) {
            const count& weight = g_.sources[order[i]].weight;
            std::size_t last = i;
            for (; last < order.size() && g_.sources[order[last]].weight == weight; ++last)
                flows_.raise(order[last], supply_[order[last]]);
            total += flows_.augment(source_, source_ + 1);
            out.levels.push_back(cut(order, last, weight, total));
            i = last;
        }
        for (const auto& a : arcs_)
            if (const Number f = flows_.flow(a.id); f != 0)
                out.placements.push_back({a.from, a.to, a.keeps, count(f)});
        return out;
    }

  private:
    level cut(const std::vector<std::uint32_t>& order, std::size_t active, const count& weight,
              const Number& total) const {
        const auto reached = flows_.source_side(source_);
        level out{weight, std::vector<bool>(g_.sources.size(), false), {}, count(total)};
        for (std::size_t i = 0; i < active; ++i) out.closed[order[i]] = reached[order[i]];
        for (std::size_t e = 0; e < g_.externals.size(); ++e)
            out.open.push_back(reached[g_.sources.size() + e]);
        return out;
    }

    struct link {
        std::uint32_t from, to;
        bool keeps;
        std::uint32_t id;
    };

    const group& g_;
    flow_network<Number> flows_;
    std::vector<Number> supply_;
    std::vector<link> arcs_;
    std::uint32_t source_ = 0;
};

}  // namespace

pairing pair_up(const group& g) {
    const work_step here("pairing sockets with external endpoints");
    double arcs = 0;
    for (const auto& c : g.sources) arcs += static_cast<double>(c.open.size() + c.same_port.size());
    about_to_take(arcs * bytes_of_an_arc);
    count room = 0;
    for (const auto& e : g.externals) room += e.size();
    ++room;
    const count most = room * static_cast<std::uint64_t>(g.sources.size() + 1);
    if (most < INT64_MAX) return network<std::int64_t>(g, room).run();
    return network<count>(g, room).run();
}

}  // namespace natbound
