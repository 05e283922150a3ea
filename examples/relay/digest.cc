#include "examples/relay/digest.h"

#include "runtime/panic.h"

#include <array>

namespace sluice::examples::relay {

digest::digest() : context_(EVP_MD_CTX_new()) {
  runtime::check(context_ != nullptr
                     && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr)
                            == 1,
                 "libcrypto has no SHA-256");
}

void digest::add(std::string_view bytes) {
  runtime::check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())
                     == 1,
                 "libcrypto fails at SHA-256");
}

std::string digest::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned size = 0;
  runtime::check(EVP_DigestFinal_ex(context_.get(), raw.data(), &size) == 1,
                 "libcrypto fails at SHA-256");
  std::string result;
  for (unsigned i = 0; i < size; ++i)
    for (auto digit : {raw[i] >> 4, raw[i] & 15})
      result += "0123456789abcdef"[digit];
  return result;
}

} // namespace sluice::examples::relay
