#pragma once
#include "importers/files.h"
#include "importers/plan.h"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace bulla::importers {

inline constexpr std::size_t most_keys = 10'000;
inline constexpr std::size_t most_findings = 500;
inline constexpr std::size_t most_trusted = 1'000;

/// Whose key it is to be. As texts: what is no domain or selector gets a finding.
struct KeyName {
    std::string domain;
    std::string selector;
};

/// What readers write a plan into. One plan, one thread.
class PlanBuilder {
  public:
    /// `files` must outlive it.
    explicit PlanBuilder(const Files& files) : files_(files) {}

    [[nodiscard]] const Files& files() const { return files_; }

    void say(Severity severity, Place place, std::string text);

    void error(Place place, std::string text) {
        say(Severity::error, std::move(place), std::move(text));
    }

    void warn(Place place, std::string text) {
        say(Severity::warning, std::move(place), std::move(text));
    }

    void differs(Place place, std::string text) {
        say(Severity::differs, std::move(place), std::move(text));
    }

    void note(Place place, std::string text) {
        say(Severity::note, std::move(place), std::move(text));
    }

    void add_domain(const DomainName& domain);
    /// The key in the file `path`, which `place` names. What is wrong with it is said; a file is read once. False: it is not in the plan.
    bool add_key(const KeyName& name, const std::string& path, const Place& place);
    /// The key that stands at `place` itself.
    bool add_key_text(const KeyName& name, std::string_view text, const Place& place);
    void set(std::string name, std::string value, std::optional<DomainName> domain = {});
    /// One of the hosts whose mail is signed: an address, a network (also with a netmask), localhost. What cannot be taken over is said.
    void trust(std::string_view word, const Place& place);

    /// Domains that have a key, in the order in which they came.
    [[nodiscard]] std::vector<DomainName> domains_with_keys() const;

    [[nodiscard]] const std::vector<PlannedKey>& keys() const { return plan_.keys; }

    /// Decides which keys sign: of each domain the first of its type. Then nothing may be added.
    [[nodiscard]] ImportPlan finish();

  private:
    using LoadedKey = Result<std::shared_ptr<const crypto::PrivateKey>>;

    [[nodiscard]] LoadedKey load(const std::string& path) const;
    /// True if the key taken already under this name is `key` too; else false, and an error of the plan.
    [[nodiscard]] bool is_the_same(const DomainName& domain,
                                   const Selector& selector,
                                   const std::string& file,
                                   const crypto::PublicKey& key,
                                   const Place& place);
    bool keep(const KeyName& name,
              const std::string& file,
              const LoadedKey& key,
              const Place& place);

    const Files& files_;
    ImportPlan plan_;
    std::set<DomainName> domains_;
    std::set<std::pair<DomainName, Selector>> names_;
    std::map<std::string, LoadedKey> loaded_;
    std::map<std::string, bool> said_open_;
};

/// A private key as signers keep it: PEM, or base64 of DER or of the 32 or 64 octets of an Ed25519 key. Errors as PrivateKey::parse_pem.
[[nodiscard]] Result<std::shared_ptr<crypto::PrivateKey>> parse_key_text(std::string_view text);

/// A block of addresses and how many bits of it are fixed, of 32 or 128.
struct Network {
    Cidr block;
    int prefix = 0;
    bool is_v4 = false;
};

/// The network that `word` names, bits below its prefix cleared: "192.0.2.7/24", "192.0.2.0/255.255.255.0", "[2001:db8::1]". Error: cidr.bad.
[[nodiscard]] Result<Network> parse_network(std::string_view word);

}  // namespace bulla::importers
