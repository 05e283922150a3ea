#include "actors/cluster/message_bytes.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

#include <gtest/gtest.h>

namespace sluice::testing {

/// No system knows it.
struct stranger {
  int value = 0;
};

} // namespace sluice::testing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::testing::stranger)

namespace sluice::actors::cluster {
namespace {

using runtime::errc;

class message_bytes_test : public ::testing::Test {
protected:
  static bool is(const caf::error& x, errc code) {
    return x.category() == runtime::error_category
           && x.code() == static_cast<std::uint8_t>(code);
  }

  caf::actor_system_config config_;
  caf::actor_system system_{config_};
};

TEST_F(message_bytes_test, message_comes_back_as_it_was) {
  auto what = caf::make_message(std::string{"hello"}, 5, true);
  auto bytes = write_message(system_, what);
  ASSERT_TRUE(bytes);
  auto back = read_message(system_, *bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_string(*back), to_string(what));
}

TEST_F(message_bytes_test, empty_message_is_not_without_bytes) {
  auto bytes = write_message(system_, caf::message{});
  ASSERT_TRUE(bytes);
  EXPECT_FALSE(bytes->empty());
  auto back = read_message(system_, *bytes);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->empty());
}

TEST_F(message_bytes_test, unknown_type_is_named) {
  auto bytes = write_message(
      system_, caf::make_message(std::string{"x"}, testing::stranger{}));
  ASSERT_FALSE(bytes);
  EXPECT_TRUE(is(bytes.error(), errc::not_serializable));
  EXPECT_NE(runtime::to_text(bytes.error()).find("stranger"),
            std::string::npos);
}

TEST_F(message_bytes_test, message_that_is_too_long_is_refused) {
  std::string text(runtime::limits::sharding_message_bytes_max, 'x');
  auto bytes = write_message(system_, caf::make_message(text));
  ASSERT_FALSE(bytes);
  EXPECT_TRUE(is(bytes.error(), errc::message_too_long));
}

TEST_F(message_bytes_test, bytes_that_are_no_message_are_refused) {
  auto bytes = write_message(system_, caf::make_message(std::string{"hello"}));
  ASSERT_TRUE(bytes);
  for (std::size_t i = 0; i < bytes->size(); ++i)
    EXPECT_FALSE(read_message(system_, bytes->substr(0, i))) << i;
  EXPECT_FALSE(read_message(system_, *bytes + "x"));
  EXPECT_FALSE(read_message(system_, "nonsense"));
}

TEST_F(message_bytes_test, error_comes_back_as_it_was) {
  auto what = runtime::make_error(errc::bad_setting, "the text");
  auto back = read_error(system_, write_error(system_, what));
  EXPECT_EQ(back, what);
  EXPECT_EQ(runtime::to_text(back), "the text");
  EXPECT_EQ(
      read_error(system_, write_error(system_, caf::sec::bad_function_call)),
      caf::sec::bad_function_call);
}

TEST_F(message_bytes_test, error_with_an_unknown_context_says_so) {
  caf::error what{1, caf::atom("test"), caf::make_message(testing::stranger{})};
  EXPECT_TRUE(is(read_error(system_, write_error(system_, what)),
                 errc::not_serializable));
  EXPECT_TRUE(is(read_error(system_, "nonsense"), errc::not_serializable));
}

} // namespace
} // namespace sluice::actors::cluster
