#include "net/config.h"

#include "net/commands.h"
#include "net/events.h"
#include "net/listener.h"
#include "runtime/error.h"

namespace sluice::net {

config::config() {
  opt_group{custom_options_, "sluice"}
      .add<std::size_t>("loops", "number of event loops (0: one per core)")
      .add<caf::timespan>("spin",
                          "time that an idle loop polls before it blocks");
  add_error_category(runtime::error_category, runtime::render_error);
  add_message_type<runtime::byte_slice>("sluice.byte_slice");
  add_message_type<runtime::backpressure>("sluice.backpressure");
  add_message_type<endpoint>("sluice.endpoint");
  add_message_type<readable>("sluice.readable");
  add_message_type<writable>("sluice.writable");
  add_message_type<connected>("sluice.connected");
  add_message_type<accepted>("sluice.accepted");
  add_message_type<received>("sluice.received");
  add_message_type<datagram>("sluice.datagram");
  add_message_type<undelivered>("sluice.undelivered");
  add_message_type<timed_out>("sluice.timed_out");
  add_message_type<half_closed>("sluice.half_closed");
  add_message_type<bad_frame>("sluice.bad_frame");
  add_message_type<closed>("sluice.closed");
  add_message_type<written>("sluice.written");
  add_message_type<rejected>("sluice.rejected");
  add_message_type<accept_paused>("sluice.accept_paused");
  add_message_type<accept_resumed>("sluice.accept_resumed");
  add_message_type<write>("sluice.write");
  add_message_type<write_frame>("sluice.write_frame");
  add_message_type<read_credit>("sluice.read_credit");
  add_message_type<read_flowing>("sluice.read_flowing");
  add_message_type<read_paused>("sluice.read_paused");
  add_message_type<shutdown_write>("sluice.shutdown_write");
  add_message_type<close>("sluice.close");
  add_message_type<send_datagram>("sluice.send_datagram");
}

} // namespace sluice::net
