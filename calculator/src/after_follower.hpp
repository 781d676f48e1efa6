#pragma once
// One scenario through a change: systems before it matched with those after it, their courses, and
// what is summed over them.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "after_course.hpp"
#include "natbound/calculator/after.hpp"
#include "natbound/calculator/systems.hpp"
#include "other_limits.hpp"

namespace natbound::calculator::detail {

class follower {
  public:
    follower(const scenario& before, const scenario& now, const after_options& options)
        : before_(before), now_(now), options_(options), traffic_(fill_traffic(now)) {}

    after_result run();
    // Whether limits that are followed by themselves, and not exactly, refuse so often that what
    // they leave to one another matters.
    bool leaves_much_open(const after_result& found) const;

  private:
    std::size_t times() const { return options_.times.size(); }

    void begin();

    const scenario& old_scenario() const { return options_.live ? now_ : before_; }

    // Its system before the change, if there was one.
    const loss_system* old_of(const loss_system& system);

    void courses();

    // Of the traffic that no NAT translates.
    static std::vector<stream> untranslated(const scenario& s, const filled_traffic& traffic);

    bool alone(std::size_t i) const;

    system_course course_of(const loss_system& system, const loss_curve& curve,
                            const loss_system* old);

    // What is live at the change.
    occupancy start_of(const loss_system& system, const loss_system* old, std::uint64_t ports);

    system_course simulated(const loss_system& system, const loss_system* old);

    // Tables and quotas: systems of their own.
    void limits();

    // Each kind over its systems, and the limits by the product bound.
    void odds();

    // Systems are independent; limits come on top as if they were, too.
    void first_refusal();

    void finish();

    void explain(const std::string& why);
    void say(const std::string& sentence);
    void note(const std::string& sentence);  // says it, and where it is read first
    void progress(double part) const;

    static constexpr std::size_t most_systems = 256;
    const scenario& before_;
    const scenario& now_;
    const after_options& options_;
    filled_traffic traffic_, old_;
    system_split split_, old_split_;
    std::size_t kinds_now_ = 0;  // of split_.kinds; further ones had traffic before alone
    std::unique_ptr<other_limits> limits_;
    std::vector<system_course> courses_;
    std::vector<std::vector<std::size_t>> places_;  // a course's kinds, by part
    std::vector<std::size_t> of_system_;            // a system's course
    std::map<std::size_t, system_course> tables_, quotas_;
    std::vector<std::string> why_;
    double matched_load_ = 0;
    bool same_as_before_ = false;  // the system's ports, and what refuses there
    bool simulated_ = false, approximate_ = false, limits_approximate_ = false, joined_ = false;
    after_result out_;
};

}  // namespace natbound::calculator::detail
