// From the innermost NAT outwards.
#include "cascade_blocks.hpp"

#include "cascade_columns.hpp"
#include "cascade_view.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/work.hpp"
#include "port_sets.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

class outwards {
  public:
    outwards(const scenario& s, const scenario& flat, const std::vector<nat_capacity>& alone,
             const bj::storage_ptr& memory)
        : s_(s),
          flat_(flat),
          alone_(alone),
          memory_(memory),
          reach_(reaches_of(flat)),
          inside_(inside_of(flat)) {
        for (std::size_t c = 0; c < flat.clients.size(); ++c)
            stands_.push_back(c < s.clients.size() ? s.nats.size() : stage_of(flat, c));
    }

    std::vector<nat_capacity> run() {
        const auto outer = outer_of(s_);
        done_.resize(s_.nats.size());
        std::vector<nat_capacity> out;
        for (const auto n : inner_first(s_)) done_[n] = of(n);
        for (std::size_t n = 0; n < s_.nats.size(); ++n)
            if (outer[n] == s_.nats.size()) out.push_back(std::move(done_[n]));
        return out;
    }

  private:
    nat_capacity of(std::size_t n) {
        nat_capacity out = alone_[n];
        std::vector<std::size_t> clients, nats;
        for (const auto c : inside_[n])
            if (stands_[c] < s_.nats.size())
                nats.push_back(stands_[c]);
            else
                clients.push_back(c);
        if (nats.empty()) {
            if (s_.nats[n].port_set)  // as blocks, for the NAT around it
                lay_out(out, flat_, reach_, n, inside_[n], numbered_subscribers(s_, s_.nats[n]),
                        memory_);
            return out;
        }
        count sent = 0;
        std::string what, why;
        for (const auto m : nats) {
            sent += done_[m].at_most;
            what += (what.empty() ? "" : "; ") + done_[m].sets_it;
            if (!done_[m].why_bounds.empty()) why = done_[m].why_bounds;
        }
        for (const auto c : clients)
            for (std::size_t v = 0; v < s_.servers.size(); ++v)
                if (reach_[c][v])
                    sent += s_.clients[c].addresses.size() * s_.clients[c].ports.size() *
                            s_.servers[v].addresses.size() * s_.servers[v].ports.size();
        out.sets_it = s_.nats[n].name + ": " + out.sets_it;
        if (sent < out.at_most) {
            out.at_most = sent;
            out.binds = done_[nats.front()].binds;
            if (!clients.empty()) what += "; " + sockets_in_words(s_, clients);
            out.sets_it = "the NATs inside " + s_.nats[n].name + " send no more: " + what;
        }
        try {
            place(n, clients, nats, out);
        } catch (const limit_reached&) {
            throw;
        } catch (const unsupported& e) {
            if (!s_.nats[n].port_set) throw;
            out.blocks.clear();
            out.at_least = out.mappings = 0;
            why = e.what();
        }
        if (out.at_least < out.at_most)
            out.why_bounds = !why.empty() ? why
                             : !alone_[n].why_bounds.empty()
                                 ? alone_[n].why_bounds
                                 : "what the NATs inside " + s_.nats[n].name +
                                       " are best to send it is not settled";
        else
            out.why_bounds.clear();
        return out;
    }

    void place(std::size_t n, const std::vector<std::size_t>& clients,
               const std::vector<std::size_t>& nats, nat_capacity& out) {
        std::vector<block> placed;
        for (const auto m : nats)
            for (const auto& b : done_[m].blocks) columns_for(b, s_.nats[m], s_.nats[n], placed);
        const cascade_view view(s_, n, clients, std::move(placed));
        std::vector<std::size_t> all(view.seen().clients.size());
        for (std::size_t c = 0; c < all.size(); ++c) all[c] = c;
        out.dealt.clear();
        nat_capacity best;
        if (s_.nats[n].port_set)
            lay_out(best, view.seen(), view.reach(), 0, all, numbered_subscribers(s_, s_.nats[n]),
                    memory_);
        else
            best = capacity_of(view.seen(), view.reach(), 0, all, memory_);
        out.blocks = view.named_back(best.blocks);
        out.at_least = connections(out.blocks);
        out.mappings = 0;
        for (const auto& b : out.blocks) out.mappings += b.mappings();
    }

    const scenario& s_;
    const scenario& flat_;
    const std::vector<nat_capacity>& alone_;
    bj::storage_ptr memory_;
    reach_table reach_;
    std::vector<std::vector<std::size_t>> inside_;
    std::vector<std::size_t> stands_;  // by client set of the NATs side by side: the NAT meant
    std::vector<nat_capacity> done_;
};

}  // namespace

std::vector<nat_capacity> through_cascades(const scenario& s, const scenario& flat,
                                           const std::vector<nat_capacity>& alone,
                                           const bj::storage_ptr& memory) {
    return outwards(s, flat, alone, memory).run();
}

}  // namespace natbound
