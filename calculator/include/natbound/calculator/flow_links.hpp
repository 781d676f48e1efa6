#pragma once
// Two orders over live flows by number, kept only where a design asks for them: which was used
// least recently, and which belong to one source.
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace natbound::calculator {

// A doubly linked list over ids, the least recently used first.
class use_order {
  public:
    void push(std::uint32_t id) {
        if (links_.size() <= id) links_.resize(id + std::size_t{1});
        links_[id] = {last_, end};
        if (last_ == end)
            first_ = id;
        else
            links_[last_].next = id;
        last_ = id;
    }
    void erase(std::uint32_t id) {
        const link l = links_[id];
        if (l.before == end)
            first_ = l.next;
        else
            links_[l.before].next = l.next;
        if (l.next == end)
            last_ = l.before;
        else
            links_[l.next].before = l.before;
    }
    std::uint32_t oldest() const { return first_; }

  private:
    static constexpr std::uint32_t end = UINT32_MAX;
    struct link {
        std::uint32_t before = end, next = end;
    };
    std::vector<link> links_;
    std::uint32_t first_ = end, last_ = end;
};

// The flows of each source endpoint.
class source_memory {
  public:
    void add(std::uint64_t source, std::uint32_t id) { flows_[source].push_back(id); }
    void erase(std::uint64_t source, std::uint32_t id) {
        const auto it = flows_.find(source);
        auto& ids = it->second;
        for (auto& other : ids)
            if (other == id) {
                other = ids.back();
                ids.pop_back();
                break;
            }
        if (ids.empty()) flows_.erase(it);
    }
    const std::vector<std::uint32_t>* of(std::uint64_t source) const {
        const auto it = flows_.find(source);
        return it == flows_.end() ? nullptr : &it->second;
    }

  private:
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> flows_;
};

}  // namespace natbound::calculator
