#pragma once
// What a study of a scenario knows: its sums over kinds, and what is said of them. likely.cpp finds
// the load, risk.cpp the odds at a load, study_odds.cpp what both take from curves and limits,
// study_words.cpp the words.
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "first_of_limits.hpp"
#include "loss_study.hpp"
#include "natbound/calculator/own_ports.hpp"

namespace natbound::calculator {

class loss_study::state {
  public:
    state(const scenario& s, study_options options);
    likely_result likely(double epsilon);
    likely_result with_own_ports(likely_result out) const;
    std::optional<refusing_limit> short_of_own_ports(double scale) const;
    risk_result risk(double scale);
    std::vector<load_point> curve(const std::vector<double>& scales);
    std::vector<refusing_limit> refusing(double scale) const;
    // The formula for windows, averaged over all connections as the simulated states are; of few
    // systems, since each takes some ms.
    std::optional<window_formula> windows(double scale) const;

  private:
    // Among random assignments, the one in the middle and the one that only 5 % exceed, by the load
    // of their heaviest address: a kind fails as its address does.
    void assign();
    void remember();
    std::set<std::size_t> limited_servers() const;
    bool has_quota(std::size_t nat) const;
    bool quota_in_bursts(std::size_t nat) const;
    std::string method() const;
    // In the order of all().kinds, without numbers.
    std::vector<kind_result> kinds() const;
    std::size_t number(const traffic_kind& kind) const;
    bool unmeasured(double scale) const;
    // Whether a system was never seen to refuse at loads that are at or above its own.
    bool blind(double scale) const;
    refusal_odds odds(const traffic_kind& kind, double scale,
                      detail::counted what = detail::counted::failing) const;
    bool ports_are_table(std::size_t kind) const;
    // Whether its connections take the addresses of a pool in turn, none tried after another. Each
    // address is then offered a stream smoother than Poisson's, that they are counted as.
    bool in_turn(std::size_t kind) const;
    // Of a risk whose kinds are in the order of all().kinds.
    std::vector<refused_by_limit> refused_by(double scale, const risk_result& r) const;
    // Of tables that make room by cutting.
    std::vector<cut_result> cuts(double scale) const;
    void error(double scale, double load, likely_result& out) const;
    void points(std::vector<load_point>& out) const;
    std::optional<double> windows_of(const detail::share_of_kind& part, double scale,
                                     std::set<std::string>& left_out) const;
    struct fillings {
        std::vector<detail::filling_limit> limits;
        bool apart = true;  // no connection meets two of them
    };
    std::optional<fillings> filling(double scale) const;
    const loss_curve* only_curve() const;
    // `failing`: refusals a second.
    first_time first_refusal(double failing, double scale) const;

    // Of clients that keep TIME-WAIT.
    std::vector<own_ports> waiting() const;

    const scenario& scenario_;
    study_options options_;
    filled_traffic traffic_;
    std::unique_ptr<detail::kind_sums> sums_;
    std::optional<std::uint64_t> hard_;  // the assignment that only 5 % exceed, where it differs
    bool hard_is_median_ = false;
    std::vector<std::string> assumed_;
};

}  // namespace natbound::calculator
