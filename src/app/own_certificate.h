#pragma once
#include "base/error.h"
#include "net/tls.h"
#include "services/instance.h"

#include <memory>

namespace bulla::app {

/// The TLS context of the listeners until certificates are managed: a certificate that the instance signed itself for its host name, kept in
/// the vault so that it stays the same over restarts, and made anew a month before it ends or when the host name changes. The instance is
/// open as owner. Blocks. Errors: those of pki, store, vault and the sealer.
[[nodiscard]] Result<std::shared_ptr<const net::TlsContext>> load_own_certificate(
    services::Instance& instance);

}  // namespace bulla::app
