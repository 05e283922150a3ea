#pragma once

// host_state: what the links and the ends of a host share: the inlets by name,
// the links by endpoint, the settings.
//
// Internal. Thread rule: any thread; its mutex is never held while another one
// is taken, but for a door's. Lifetime: shared by the host and its links.

#include "actors/channel/inlet_group_state.h"
#include "actors/channel/inlet_port.h"
#include "actors/channel/link_door.h"
#include "actors/channel/options.h"
#include "actors/channel/outlet_port.h"
#include "actors/channel/report.h"
#include "net/listen.h"

#include <caf/actor.hpp>
#include <caf/expected.hpp>
#include <caf/local_actor.hpp>
#include <caf/rtti_pair.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::channel {

class host_state : public std::enable_shared_from_this<host_state> {
public:
  host_state(net::loop_choice loops, const host_options& options);

  const host_options& options() const noexcept { return options_; }
  std::uint64_t instance() const noexcept { return instance_; }

  caf::expected<net::endpoint> listen(std::string_view where);
  void stop();
  bool stopped() const noexcept { return stopped_.load(); }

  // -- ends -------------------------------------------------------------------

  end_setup next_end(caf::local_actor* owner);

  /// The name under which the system knows a type.
  caf::expected<std::string> type_name(const caf::rtti_pair& type) const;

  caf::error add_inlet(const std::shared_ptr<inlet_port>& x);
  void remove_inlet(const inlet_port& x);

  caf::error add_group(const std::shared_ptr<inlet_group_state>& x);
  void remove_group(const inlet_group_state& x);

  /// The inlet for an outlet that comes; null if there is none of that name.
  std::shared_ptr<inlet_port> find_inlet(const wire::open& x);

  caf::expected<std::shared_ptr<outlet_port>>
  make_outlet(caf::local_actor* owner, std::string_view where, std::string name,
              std::string type, const outlet_options& options);

  /// The outlet goes; what it counted stays.
  void remove_outlet(const outlet_port& x);

  /// Every inlet, those of groups, too: for `report`.
  void note_inlet(const std::shared_ptr<inlet_port>& x);
  void forget_inlet(const inlet_port& x);

  /// Gives an outlet to its link, which is made if there is none.
  caf::error connect(const std::shared_ptr<outlet_port>& x,
                     runtime::event_loop* home);

  // -- links ------------------------------------------------------------------

  void add_link(const std::shared_ptr<link_door>& x);
  void remove_link(const std::shared_ptr<link_door>& x);
  void count_link_end(end_reason why);

  host_report report() const;

  // -- faults -----------------------------------------------------------------

  struct faults {
    bool cut = false;
    std::size_t bytes_per_second = 0; // 0: no limit
  };

  caf::error set_cut(std::string_view endpoint, bool on);
  void heal_all();
  void slow(std::size_t bytes_per_second);

  /// Those of the links to `where`.
  faults faults_of(const std::string& where) const;

  /// What both kinds of links are made with.
  net::stream_options stream_options() const;

private:
  void tell_faults();

  const host_options options_;
  const std::uint64_t instance_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> next_stream_{1};

  mutable std::mutex mutex_;
  net::loop_choice loops_;
  std::vector<caf::actor> listeners_;
  std::map<std::string, std::shared_ptr<inlet_port>> inlets_;
  std::map<std::string, std::shared_ptr<inlet_group_state>> groups_;
  std::map<end_id, std::weak_ptr<outlet_port>> outlets_;
  std::map<std::string, std::shared_ptr<link_door>> shared_; // by endpoint
  std::set<std::shared_ptr<link_door>> links_;
  std::map<end_id, std::weak_ptr<inlet_port>> all_inlets_;
  channel_totals totals_;       // of what is gone, but for the numbers made
  mutable channel_totals said_; // by the last report
  std::set<std::string> cuts_;  // endpoints
  std::size_t bytes_per_second_ = 0;
};

} // namespace sluice::actors::channel
