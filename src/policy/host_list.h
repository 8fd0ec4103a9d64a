#pragma once
#include "names/domain.h"
#include "policy/dkimdomains.h"

#include <string_view>

namespace bulla::policy {

/// qmail's control/rcpthosts: the domains that mail is taken for. `host` is that domain alone, `.host` all below it.
/// Immutable once parsed; may be read from any thread.
class HostList {
  public:
    /// Reads a line a host; empty lines, those that begin with `#` and those that are no domain are left out, as qmail never matches them.
    [[nodiscard]] static HostList parse(std::string_view text);

    [[nodiscard]] bool contains(const DomainName& domain) const;

  private:
    ByName<char> exact_;
    ByName<char> parents_;
};

}  // namespace bulla::policy
