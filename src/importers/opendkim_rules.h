#pragma once
#include "importers/opendkim_config.h"
#include "names/domain.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bulla::importers {

/// Whose mail a line of SigningTable is for.
enum class Whose : std::uint8_t { domain, below, address, everybody };

struct SigningRule {
    Whose whose = Whose::domain;
    std::string name;         ///< The domain, for `domain` and `below`.
    std::string_view key;     ///< The name in KeyTable.
    std::string_view signer;  ///< i=; may be empty.
    Place place;
};

/// A SigningTable as far as it decides by domains.
class SigningRules {
  public:
    SigningRules(SigningRules&&) = default;
    SigningRules(const SigningRules&) = delete;
    SigningRules& operator=(const SigningRules&) = delete;
    SigningRules& operator=(SigningRules&&) = delete;
    ~SigningRules() = default;

    /// Lines that cannot be understood, or that never match, are said. `set` must outlive what is returned.
    [[nodiscard]] static SigningRules read(PlanBuilder& plan, const DataSet& set);

    /// The lines for mail of `domain` whatever the local part, the one that counts first; only that one unless `several`.
    [[nodiscard]] std::vector<const SigningRule*> decide(const DomainName& domain,
                                                         bool several) const;
    /// All domains that a line names, in their order, each once.
    [[nodiscard]] std::vector<DomainName> domains() const;
    /// Whether a line names it.
    [[nodiscard]] bool names(const DomainName& domain) const;

    [[nodiscard]] const std::vector<SigningRule>& all() const { return rules_; }

  private:
    SigningRules() = default;

    using Index = std::unordered_map<std::string_view, std::vector<std::size_t>>;

    void index();

    bool ordered_ = false;  ///< refile: the first line that matches counts.
    std::vector<SigningRule> rules_;
    // Views into rules_, which does not change once these are made; where the lines of a domain are in it.
    Index exact_;
    Index below_;
    std::vector<std::size_t> everybody_;
};

}  // namespace bulla::importers
