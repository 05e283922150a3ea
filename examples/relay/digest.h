#pragma once

// digest: the SHA-256 of a stream, as sha256sum(1) prints it. By libcrypto.
//
// Thread rule: one thread at a time.

#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace sluice::examples::relay {

class digest {
public:
  digest();

  void add(std::string_view bytes);

  /// The digest of all that was added; nothing may be added afterwards.
  std::string finish();

private:
  struct free_context {
    void operator()(EVP_MD_CTX* x) const noexcept { EVP_MD_CTX_free(x); }
  };

  std::unique_ptr<EVP_MD_CTX, free_context> context_;
};

} // namespace sluice::examples::relay
