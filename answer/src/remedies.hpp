#pragma once
// What would help: each change that the design offers, and one more address, with its effect
// computed.
#include <atomic>
#include <boost/json.hpp>
#include <future>
#include <vector>

#include "natbound/answer/answer.hpp"

namespace natbound {

// Works them out in the background from the start, so that the scenario itself can be answered
// meanwhile.
class remedies {
  public:
    remedies(const scenario& s, const answer_options& options);
    ~remedies();  // stops what still runs
    remedies(const remedies&) = delete;
    remedies& operator=(const remedies&) = delete;

    boost::json::array collect();

  private:
    struct change;
    std::vector<change> list_;
    const answer_options& options_;
    std::atomic<bool> stop_{false};
    std::vector<std::future<boost::json::object>> running_;
};

}  // namespace natbound
