#include "actors/channel/end_reason.h"

#include <gtest/gtest.h>

#include <map>

namespace sluice::actors::channel {
namespace {

/// As docs/wire_format.md has them.
const std::map<int, std::string> wire_names = {
    {0, "finished"},           {1, "dropped"},
    {2, "cancelled"},          {3, "owner_ended"},
    {10, "unknown_name"},      {11, "type_mismatch"},
    {12, "name_in_use"},       {13, "position_lost"},
    {14, "too_many_channels"}, {15, "open_timeout"},
    {20, "malformed_message"}, {21, "mailbox_full"},
    {22, "protocol_error"},    {23, "link_lost"},
    {24, "peer_silent"},       {25, "version_mismatch"},
    {26, "not_a_host"},        {27, "connect_failed"},
    {28, "host_stopped"},      {29, "nobody_listens"},
};

TEST(end_reason_test, numbers_are_those_of_the_wire_and_no_others_are_known) {
  for (int i = 0; i <= 0xffff; ++i) {
    auto code = static_cast<std::uint16_t>(i);
    auto found = wire_names.find(i);
    EXPECT_EQ(is_known(code), found != wire_names.end()) << i;
    EXPECT_EQ(to_string(static_cast<end_reason>(code)),
              found != wire_names.end() ? found->second
                                        : "reason " + std::to_string(i));
  }
}

} // namespace
} // namespace sluice::actors::channel
