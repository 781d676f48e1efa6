// Laying runs of sockets onto runs of external endpoints.
#include "blocks.hpp"
#include "natbound/model/work.hpp"

#include <algorithm>

namespace natbound {
namespace {

// Addresses number from .. of a run whose units change the port fastest, as few as hold these
// units; `first` then counts from the first of them.
address_set trimmed(const address_set& addresses, count& first, const count& size,
                    const count& ports) {
    const count skipped = first / ports;
    const count last = (first + size - 1) / ports;
    first -= skipped * ports;
    return addresses.slice(static_cast<u128>(skipped), last - skipped + 1);
}

class layer {
  public:
    layer(const group& g, std::size_t nat)
        : g_(g), nat_(nat), sources_(g.sources.size()), used_(g.externals.size()) {
        for (const auto& b : g.bundles)
            targets_.push_back(std::make_shared<const target>(target{b, endpoints(b)}));
        for (const auto& e : g.externals) external_ports_.push_back(e.ports.size());
    }

    std::vector<block> run(const pairing& found) {
        // Sockets that keep their ports come first: one external after the other is filled
        // cyclically, so that each port is used equally often, up to one.
        for (const auto& p : found.placements)
            if (p.keeps) keep(p);
        for (const auto& p : found.placements)
            if (!p.keeps) search(p);
        return std::move(out_);
    }

  private:
    struct progress {
        std::size_t run = 0;
        std::vector<count> used, shift;  // by run
    };

    progress& progress_of(std::uint32_t source) {
        auto& at = sources_[source];
        if (at.used.empty()) {
            at.used.resize(g_.sources[source].runs.size());
            at.shift.resize(at.used.size());
        }
        return at;
    }

    void keep(const placement& p) {
        const auto& runs = g_.sources[p.source].runs;
        auto& at = progress_of(p.source);
        count left = p.size;
        for (std::size_t r = 0; left > 0; ++r) {
            const count take = std::min<count>(left, runs[r].units - at.used[r]);
            if (take == 0) continue;
            // a run begins once: where a source keeps ports on several externals, these are of one
            // port (port_layout)
            if (at.used[r] == 0) at.shift[r] = used_[p.external] % external_ports_[p.external];
            place(p, r, take, true);
            left -= take;
        }
    }

    void search(const placement& p) {
        const auto& runs = g_.sources[p.source].runs;
        auto& at = progress_of(p.source);
        count left = p.size;
        while (left > 0) {
            poll();
            const count take = std::min<count>(left, runs[at.run].units - at.used[at.run]);
            if (take > 0) place(p, at.run, take, false);
            left -= take;
            if (left > 0) ++at.run;
        }
    }

    // The next `size` units of run r onto the next endpoints of the external class.
    void place(const placement& p, std::size_t r, const count& size, bool keeps) {
        const auto& run = g_.sources[p.source].runs[r];
        auto& at = sources_[p.source];
        block b;
        b.client = run.client;
        b.ports = run.ports;
        b.shift = at.shift[r];
        b.nat = g_.externals[p.external].nat.value_or(nat_);
        b.via_ports = g_.externals[p.external].ports;
        b.weight = g_.sources[p.source].weight;
        b.preserve = keeps;
        const count ports = run.ports.size();
        if (run.how == carriage::by_address) {
            const count sockets = run.addresses.size() * ports;
            count done = 0;
            while (done < size) {
                const count from = at.used[r] + done;
                const count here = std::min<count>(size - done, sockets - from % sockets);
                block one = b;
                one.to = by_address(run.to, from / sockets);
                emit(std::move(one), p, run.addresses, from % sockets, here, done);
                done += here;
            }
        } else {
            b.to = targets_[run.to];
            b.spread = run.how == carriage::each;
            emit(std::move(b), p, run.addresses, at.used[r], size, 0);
        }
        at.used[r] += size;
        used_[p.external] += size;
    }

    void emit(block b, const placement& p, const address_set& addresses, const count& first,
              const count& size, const count& after) {
        b.first = first;
        b.size = size;
        b.addresses = addresses;
        b.via_first = used_[p.external] + after;
        b.via_addresses = g_.externals[p.external].addresses;
        trim(b);
        out_.push_back(std::move(b));
    }

    // The ports at address number `rank` of a bundle whose items have the same addresses.
    std::shared_ptr<const target> by_address(std::size_t bundle, const count& rank) const {
        target one;
        for (const auto& item : g_.bundles[bundle]) {
            const ip_address a = item.addresses.at(static_cast<u128>(rank));
            one.list.push_back({item.server, {a, a}, item.ports});
        }
        one.endpoints = endpoints(one.list);
        return std::make_shared<const target>(std::move(one));
    }

    const group& g_;
    std::size_t nat_;
    std::vector<progress> sources_;
    std::vector<count> used_;  // by external class
    std::vector<count> external_ports_;
    std::vector<std::shared_ptr<const target>> targets_;
    std::vector<block> out_;
};

// Keys number from .. from + size - 1 of what a block is towards. A key is an endpoint, or (heavier
// mappings) an address with all its ports.
std::shared_ptr<const target> slice_keys(const block& b, const count& from, const count& size) {
    target out;
    if (b.weight == 1) {
        out.list = slice_endpoints(b.to->list, from, size);
    } else if (b.to->endpoints == b.weight) {
        return b.to;
    } else {
        for (const auto& item : b.to->list)
            out.list.push_back(
                {item.server, item.addresses.slice(static_cast<u128>(from), size), item.ports});
    }
    out.endpoints = endpoints(out.list);
    return std::make_shared<const target>(std::move(out));
}

// The first `most` mappings of a block that has more, and `extra` connections of the next one.
void split(const block& b, const count& most, const count& extra, std::vector<block>& out) {
    if (b.spread) {
        if (most > 0) out.push_back(part_of(b, b.to, 0, most));
        return;
    }
    const count keys = most / b.size;
    const count units = most % b.size;
    if (keys > 0) out.push_back(part_of(b, slice_keys(b, 0, keys), 0, b.size));
    if (units > 0) out.push_back(part_of(b, slice_keys(b, keys, 1), 0, units));
    if (extra > 0) {
        const auto key = slice_keys(b, keys, 1);
        target some{slice_endpoints(key->list, 0, extra), extra};
        out.push_back(part_of(b, std::make_shared<const target>(std::move(some)), units, 1));
        out.back().weight = extra;  // it may be cut again
    }
}

}  // namespace

block part_of(const block& b, std::shared_ptr<const target> to, const count& from,
              const count& size) {
    block out = b;
    out.to = std::move(to);
    out.size = size;
    out.via_first += from;
    out.first += from;
    for (auto& h : out.before) h.first += from;
    trim(out);
    return out;
}

void trim(block& b) {
    if (!b.spread) b.addresses = trimmed(b.addresses, b.first, b.size, b.ports.size());
    for (auto& h : b.before) h.addresses = trimmed(h.addresses, h.first, b.size, h.ports.size());
    if (b.nat) b.via_addresses = trimmed(b.via_addresses, b.via_first, b.size, b.via_ports.size());
}

std::vector<block> blocks_of(const group& g, const pairing& found, std::size_t nat) {
    return layer(g, nat).run(found);
}

destination_list slice_endpoints(const destination_list& list, count from, count size) {
    destination_list out;
    for (const auto& item : list) {
        if (size == 0) break;
        const count here = item.size();
        if (from >= here) {
            from -= here;
            continue;
        }
        const count ports = item.ports.size();
        count take = std::min<count>(size, here - from);
        size -= take;
        while (take > 0) {
            poll();
            const count address = from / ports;
            const count at = from % ports;
            const bool whole = at == 0 && take >= ports;
            const count addresses = whole ? take / ports : count(1);
            const count some = whole ? ports : std::min<count>(take, ports - at);
            out.push_back({item.server, item.addresses.slice(static_cast<u128>(address), addresses),
                           item.ports.slice(static_cast<u128>(at), some)});
            from += addresses * some;
            take -= addresses * some;
        }
        from = 0;
    }
    return out;
}

count connections(const std::vector<block>& blocks) {
    count total = 0;
    for (const auto& b : blocks) total += b.connections();
    return total;
}

void keep_mappings(std::vector<block>& blocks, const count& most) {
    std::stable_sort(blocks.begin(), blocks.end(),
                     [](const block& a, const block& b) { return a.weight > b.weight; });
    std::vector<block> out;
    count left = most;
    for (auto& b : blocks) {
        const count m = b.mappings();
        if (m > left) {
            split(b, left, 0, out);
            break;
        }
        left -= m;
        out.push_back(std::move(b));
    }
    blocks = std::move(out);
}

count keep_connections(std::vector<block>& blocks, const count& most) {
    std::vector<block> out;
    count left = most;
    count mappings = 0;
    for (auto& b : blocks) {
        const count n = b.connections();
        if (n > left) {
            split(b, left / b.weight, left % b.weight, out);
            mappings += (left + b.weight - 1) / b.weight;
            break;
        }
        left -= n;
        mappings += b.mappings();
        out.push_back(std::move(b));
    }
    blocks = std::move(out);
    return mappings;
}

}  // namespace natbound
