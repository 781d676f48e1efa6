#pragma once
// One scenario through a change: systems before it matched with those after it, their courses, and
// what is summed over them.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "after_course.hpp"
#include "after_kept.hpp"
#include "natbound/calculator/after.hpp"
#include "natbound/calculator/systems.hpp"
#include "other_limits.hpp"

namespace natbound::calculator::detail {

// Flows that are live at the change: on the system's own ports by a law, or as they were seen run
// by run; and the mean number on ports that it has no more.
struct start_law {
    occupancy law = exactly(0);
    std::vector<std::uint64_t> sampled = {};
    double outside = 0;
    bool same_as_before = false;  // the system's ports, and what refuses there
    bool approximate = false;     // as if only full ports refused before the change
};

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

    // Of the traffic that no NAT translates, what no firewall's table counts.
    std::vector<stream> untranslated(const scenario& s, const filled_traffic& traffic) const;

    bool alone(std::size_t i) const;

    system_course course_of(const loss_system& system, const loss_curve& curve,
                            const loss_system* old);

    // A system before the change, with its table where that is all it shares.
    std::unique_ptr<loss_curve> curve_before(const loss_system& old);
    std::uint64_t common_ports(const loss_system& system, const loss_curve& curve,
                               const loss_system& old, const loss_curve& was);
    // What is live at the change; where nothing is known of which ports it lies on, by looking.
    start_law start_of(const loss_system& system, const loss_curve& curve, const loss_system* old);
    std::optional<start_law> known_start(const loss_system& system, const loss_curve& curve,
                                         const loss_system* old);
    // Of a search that finds every free port: where so many are hardly ever live; and the number
    // live, stepped.
    std::optional<system_course> far_from_full(const loss_system& system, const loss_curve& curve,
                                               const loss_system* old, bool has_chain);
    system_course by_number(const loss_system& system, const loss_curve& curve,
                            const loss_system* old, const start_law& start);
    // The part after the change that one before it is; SIZE_MAX: none.
    std::size_t part_of(const loss_system& system, const system_part& old) const;
    // Of flows of a system in which nothing is refused, those that a change does not cut.
    double share_that_stays(const loss_system& system, const loss_curve& curve,
                            const loss_system& old);
    // Simulated states of the flows before the change.
    sampled_start states_before(const loss_system& system, const loss_system& old);
    void count_runs(std::uint64_t runs);
    void leave(const loss_system& old);
    simulation_input input_of(const loss_system& system, const loss_system* old,
                              course_start& start, std::vector<std::size_t>& kinds);

    system_course simulated(const loss_system& system, const loss_system* old);

    double table_after(std::size_t n);
    double most_live_before(std::size_t n, double same);
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
    std::set<const loss_system*> matched_;  // systems before the change that are there after it
    double share_of_work_ = 1;              // of one of the systems that differ
    std::vector<double> ports_;             // a NAT's
    std::vector<std::size_t> by_table_;     // NATs whose table and ports are one limit
    bool simulated_ = false, approximate_ = false, limits_approximate_ = false, joined_ = false;
    bool by_design_ = false, by_number_ = false, limits_stepped_ = false;
    double overlap_ = 0;  // the most of the less of what ports refuse and what a limit does
    after_result out_;
};

}  // namespace natbound::calculator::detail
