// A process has one such memory, of a bounded number of laws.
#include "remembered_blocks.hpp"

#include <bit>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace natbound::calculator::detail {
namespace {

using key = std::vector<std::uint64_t>;
using law = std::shared_ptr<const kept_law>;

key key_of(const block_dealing& what, const block_subscribers& who, std::uint64_t events) {
    const auto bits = [](double x) { return std::bit_cast<std::uint64_t>(x); };
    key out{what.block, what.most, what.own, events, who.quota};
    for (const auto& s : who.scopes) {
        out.insert(out.end(), {bits(s.load), bits(s.copies), s.sockets,
                               static_cast<std::uint64_t>(s.shared), s.towards.size()});
        for (const auto& d : s.towards) out.insert(out.end(), {bits(d.load), bits(d.copies)});
    }
    return out;
}

class memory {
  public:
    // The law, or the promise to work it out.
    std::pair<std::shared_future<law>, std::optional<std::promise<law>>> find(key asked) {
        constexpr std::size_t most_kept = 10000;
        const std::scoped_lock only(lock_);
        if (kept_.size() >= most_kept) kept_.clear();
        const auto [it, fresh] = kept_.try_emplace(std::move(asked));
        std::optional<std::promise<law>> mine;
        if (fresh) it->second = mine.emplace().get_future().share();
        return {it->second, std::move(mine)};
    }

  private:
    std::mutex lock_;
    std::map<key, std::shared_future<law>> kept_;
};

}  // namespace

law remembered_blocks(const block_dealing& what, const block_subscribers& who,
                      std::uint64_t events) {
    static memory all;
    auto [found, mine] = all.find(key_of(what, who, events));
    if (mine) {
        try {
            mine->set_value(std::make_shared<const kept_law>(blocks_kept(what, who, events)));
        } catch (...) {  // no memory left: whoever waits is told, too
            mine->set_exception(std::current_exception());
        }
    }
    return found.get();
}

}  // namespace natbound::calculator::detail
