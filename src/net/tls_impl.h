#pragma once
#include "net/tls.h"

#include <openssl/ssl.h>

#include <memory>

namespace bulla::net {

struct SslCtxFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

using SslPtr = std::unique_ptr<SSL, SslFree>;

struct TlsContext::Impl {
    std::unique_ptr<SSL_CTX, SslCtxFree> context;
    TlsVerify verify = TlsVerify::none;
    Time expires{};
};

/// A connection's state over the socket `fd`. `name`: of the server, for clients; empty for servers. Null if OpenSSL refuses.
[[nodiscard]] SslPtr make_ssl(const TlsContext& context, int fd, const std::string& name);
/// The first error in OpenSSL's queue of this thread, in words; empties the queue.
[[nodiscard]] std::string take_ssl_error();

}  // namespace bulla::net
