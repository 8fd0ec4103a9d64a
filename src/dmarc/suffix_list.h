#pragma once
#include "base/error.h"
#include "names/domain.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::dmarc {

/// A public suffix list: below which names others register theirs, as RFC 7489 3.2 used it. Immutable; may be used from any thread.
class SuffixList {
  public:
    /// The list that the library was built with; as old as the library.
    [[nodiscard]] static SuffixList built_in();
    /// Reads a list as publicsuffix.org publishes it. Error: dmarc.bad_suffix_list (it holds no suffix).
    [[nodiscard]] static Result<SuffixList> parse(std::string_view text);

    /// The part of `domain` that somebody registered: one label more than its public suffix has. Nothing if it is a public suffix itself.
    [[nodiscard]] std::optional<DomainName> registered_part(const DomainName& domain) const;

  private:
    struct Impl;

    explicit SuffixList(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

    std::shared_ptr<const Impl> impl_;
};

}  // namespace bulla::dmarc
