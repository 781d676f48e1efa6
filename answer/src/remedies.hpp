#pragma once
// What would help: each change that the design offers, and one more address, with its effect
// computed; where there are many NATs, at the one where connections fail first.
#include <atomic>
#include <boost/json.hpp>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "natbound/answer/answer.hpp"

namespace natbound {

// Works them out in the background from the start, so that the scenario itself can be answered
// meanwhile.
class remedies {
  public:
    // at: of this NAT alone.
    remedies(const scenario& s, const answer_options& options,
             const std::optional<std::string>& at = std::nullopt);
    ~remedies();  // stops what still runs
    remedies(const remedies&) = delete;
    remedies& operator=(const remedies&) = delete;

    boost::json::array collect();

  private:
    struct change;
    void work();

    std::vector<change> list_;
    std::vector<std::optional<boost::json::object>> done_;
    const answer_options& options_;
    std::atomic<bool> stop_{false};
    std::future<void> running_;
};

// Whether the changes of all NATs are few enough to be worked out.
bool few_nats(const scenario& s);

}  // namespace natbound
