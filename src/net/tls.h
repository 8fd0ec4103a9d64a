#pragma once
#include "base/clock.h"
#include "base/error.h"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace bulla::net {

/// What a client demands of a server's certificate.
enum class TlsVerify {
    none,  ///< Nothing (RFC 7435: better than clear text).
    name,  ///< A chain to a trusted CA, and the name that was asked for (RFC 9525).
};

/// Keys, certificates and rules of TLS connections: TLS 1.2 or later, no renegotiation, no compression. Immutable; any thread.
class TlsContext {
  public:
    struct Impl;
    explicit TlsContext(std::unique_ptr<Impl> impl);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// For servers. `certificate_pem`: the certificate, then its chain; `key_pem`: PKCS#8. Sessions may be resumed (RFC 8446 2.2).
    /// Errors: tls.bad_certificate, tls.bad_key, tls.mismatch.
    [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make_server(
        std::string_view certificate_pem, std::string_view key_pem);
    /// For clients. With TlsVerify::name the CAs are those in `ca_file` (PEM), or the system's if that is empty. Error: tls.bad_ca.
    [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make_client(
        TlsVerify verify, const std::string& ca_file = {});

    /// Of a server: when its certificate ends (RFC 5280 4.1.2.5).
    [[nodiscard]] Time expires() const;

    [[nodiscard]] const Impl& impl() const { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

/// The TlsContext in force, replaceable while connections are accepted; those that stand keep theirs. Any thread.
class TlsSlot {
  public:
    explicit TlsSlot(std::shared_ptr<const TlsContext> first = nullptr)
        : current_(std::move(first)) {}

    /// Null if there is none yet: do not offer TLS then.
    [[nodiscard]] std::shared_ptr<const TlsContext> current() const;
    void set(std::shared_ptr<const TlsContext> next);

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const TlsContext> current_;
};

}  // namespace bulla::net
