#include "names/mailbox.h"
#include "policy/dkimdomains.h"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace bulla::policy {

namespace {

constexpr std::string_view default_selector = "default";
// A hundred years: x= then still fits the twelve digits of RFC 6376 3.5.
constexpr std::int64_t longest_expiry = std::int64_t{100} * 365 * 24 * 3600;

/// A piece of the line at hand; its column is where it lies in it.
struct Piece {
    std::string_view text;
    std::size_t column;
};

// Cuts `piece` at the first `mark`: gives what stands before it and leaves what follows; `more` says whether there was one.
Piece cut(Piece& piece, char mark, bool& more) {
    const std::size_t at = piece.text.find(mark);
    more = at != std::string_view::npos;
    const Piece head{.text = piece.text.substr(0, at), .column = piece.column};
    const std::size_t gone = more ? at + 1 : piece.text.size();
    piece = {.text = piece.text.substr(gone), .column = piece.column + gone};
    return head;
}

bool is_near(const DomainName& a, const DomainName& b) {
    return a.is_within(b) || b.is_within(a);
}

}  // namespace

/// Reads a file line by line into a ParsedPolicy. One use, one thread.
class PolicyReader {
  public:
    explicit PolicyReader(const PolicyLimits& limits) : limits_(limits) {}

    ParsedPolicy read(std::string_view text) {
        if (text.size() > limits_.most_octets) {
            line_ = 1;
            refuse(1, fmt::format("the file is larger than {} octets", limits_.most_octets));
            return std::move(out_);
        }
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            ++line_;
            read_line(text.substr(0, end));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (out_.policy.size() > limits_.most_entries) {
                refuse(1, fmt::format("there are more than {} entries", limits_.most_entries));
                break;
            }
        }
        return std::move(out_);
    }

  private:
    void note(std::vector<Finding>& list, std::size_t column, std::string text) {
        if (list.size() < limits_.most_findings) {
            list.push_back({.line = line_, .column = column, .text = std::move(text)});
        } else {
            ++out_.more_findings;
        }
    }

    void refuse(std::size_t column, std::string text) {
        failed_ = true;
        note(out_.errors, column, std::move(text));
    }

    void warn(std::size_t column, std::string text) {
        note(out_.warnings, column, std::move(text));
    }

    void read_line(std::string_view line) {
        while (line.ends_with(' ') || line.ends_with('\t')) {
            line.remove_suffix(1);
        }
        if (line.empty() || line.front() == '#') {
            return;
        }
        failed_ = false;
        if (line.size() > limits_.longest_line) {
            return refuse(limits_.longest_line + 1,
                          fmt::format("the line is longer than {} octets", limits_.longest_line));
        }
        for (std::size_t i = 0; i < line.size(); ++i) {
            const auto c = static_cast<unsigned char>(line[i]);
            if (c <= 0x20 || c == 0x7F) {
                return refuse(i + 1,
                              c == '\r' ? "a carriage return: lines end with LF alone"
                                        : "no white space or control character may stand here");
            }
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            return refuse(line.size() + 1, "a colon is missing after the domain");
        }
        read_entry(line.substr(0, colon), {.text = line.substr(colon + 1), .column = colon + 2});
    }

    void read_entry(std::string_view name, Piece rest) {
        Entry entry;
        entry.line = line_;
        std::optional<DomainName> domain;
        if (name == "*") {
            entry.kind = EntryKind::all;
        } else if (name == "=") {
            entry.kind = EntryKind::rcpthosts;
        } else {
            const bool never = name.starts_with('!');
            const bool parent = name.starts_with('.');
            entry.kind = never ? EntryKind::never : parent ? EntryKind::parent : EntryKind::exact;
            const std::size_t skip = never || parent ? 1 : 0;
            auto parsed = DomainName::parse(name.substr(skip));
            if (!parsed) {
                return refuse(
                    skip + 1,
                    fmt::format("\"{}\" is not a domain, .domain, !domain, = or *", name));
            }
            domain = *std::move(parsed);
        }
        if (entry.kind != EntryKind::never) {
            read_fields(entry, domain, rest);
        } else if (!rest.text.empty()) {
            warn(rest.column, "what follows is not used: mail of this domain is never signed");
        }
        if (!failed_) {
            keep(std::move(entry), domain, name);
        }
    }

    void read_fields(Entry& entry, const std::optional<DomainName>& domain, Piece rest) {
        std::array<Piece, 5> fields{};
        std::size_t count = 0;
        for (bool more = true; more; ++count) {
            if (count == fields.size()) {
                return refuse(rest.column - 1, "there are more than five fields");
            }
            fields[count] = cut(rest, '|', more);
        }
        read_selectors(fields[0]);
        read_sdid(entry, fields[1], !fields[2].text.empty());
        read_auid(entry, fields[2]);
        read_expiry(entry, fields[3]);
        read_modes(entry, fields[4], fields[0]);
        if (!failed_) {
            judge_identity(
                entry, domain, entry.sdid && fields[2].text.empty() ? fields[1] : fields[2]);
        }
    }

    // "first,second" or "first:second"; an empty one is the default, and the second has none.
    void read_selectors(Piece field) {
        selectors_.clear();
        const std::size_t column = field.column;
        const char mark = field.text.find(',') != std::string_view::npos ? ',' : ':';
        for (bool more = true; more;) {
            const Piece one = cut(field, mark, more);
            auto selector = Selector::parse(
                one.text.empty() && selectors_.empty() ? default_selector : one.text);
            if (!selector) {
                return refuse(one.column, fmt::format("\"{}\" is not a selector", one.text));
            }
            selectors_.push_back(*std::move(selector));
        }
        if (selectors_.size() > 2) {
            return refuse(column, "there are more than two selectors");
        }
        if (selectors_.size() == 2 && selectors_[0] == selectors_[1]) {
            refuse(column, "the two selectors are the same: each key has a selector of its own");
        }
    }

    void read_sdid(Entry& entry, Piece field, bool has_auid) {
        if (field.text.empty()) {
            return;
        }
        const std::size_t at = field.text.rfind('@');
        const bool address = at != std::string_view::npos;
        auto domain = DomainName::parse(address ? field.text.substr(at + 1) : field.text);
        if (!domain || (address && at > 0 && !Mailbox::parse(field.text))) {
            return refuse(field.column, fmt::format("the sdid \"{}\" is not a domain", field.text));
        }
        if (address) {
            warn(field.column,
                 fmt::format("the sdid is a domain, not an address: taken as d={}{}",
                             domain->ascii(),
                             has_auid ? "" : fmt::format(" with i={}", field.text)));
            if (!has_auid) {
                entry.identity_kind = IdentityKind::fixed;
                entry.identity = field.text;
            }
        }
        entry.sdid = *std::move(domain);
    }

    void read_auid(Entry& entry, Piece field) {
        if (field.text.empty()) {
            return;
        }
        if (field.text == "~") {
            entry.identity_kind = IdentityKind::sender;
            return;
        }
        const std::size_t at = field.text.rfind('@');
        if (at == std::string_view::npos || !DomainName::parse(field.text.substr(at + 1)) ||
            (at > 0 && !Mailbox::parse(field.text))) {
            return refuse(field.column,
                          fmt::format("the auid \"{}\" is neither an address nor ~", field.text));
        }
        entry.identity_kind = IdentityKind::fixed;
        entry.identity = field.text;
    }

    void read_expiry(Entry& entry, Piece field) {
        if (field.text.empty()) {
            return;
        }
        const char* begin = field.text.data();
        const char* end = begin + field.text.size();
        const auto [stop, error] = std::from_chars(begin, end, entry.expire_after);
        if (error != std::errc{} || stop != end || entry.expire_after < 1 ||
            entry.expire_after > longest_expiry) {
            refuse(field.column,
                   fmt::format("the expiry \"{}\" is not a number of seconds from 1 to {}",
                               field.text,
                               longest_expiry));
        }
    }

    void read_modes(Entry& entry, Piece field, const Piece& selectors) {
        bool more = false;
        const Piece canon = cut(field, ':', more);
        const Piece algorithms = cut(field, ':', more);
        const Piece length = cut(field, ':', more);
        if (more) {
            return refuse(field.column - 1, "c:z:l has three parts");
        }
        read_canon(entry, canon);
        read_algorithms(entry, algorithms, selectors);
        if (length.text == "l") {
            entry.with_body_length = true;
            warn(length.column, "l names the length of the body: anybody can append to such mail");
        } else if (!length.text.empty()) {
            refuse(length.column, fmt::format("\"{}\" is not l", length.text));
        }
    }

    void read_canon(Entry& entry, const Piece& field) {
        using enum dkim::Canon;
        if (field.text.empty() || field.text == "r") {
            entry.canon = {.header = relaxed, .body = relaxed};
        } else if (field.text == "s") {
            entry.canon = {.header = simple, .body = simple};
        } else if (field.text == "t") {
            entry.canon = {.header = relaxed, .body = simple};
        } else if (field.text == "u") {
            entry.canon = {.header = simple, .body = relaxed};
        } else {
            refuse(field.column,
                   fmt::format("the canonicalisation \"{}\" is not r, s, t or u", field.text));
        }
    }

    void read_algorithms(Entry& entry, const Piece& field, const Piece& selectors) {
        if (failed_ || selectors_.empty()) {
            return;
        }
        const bool pair = selectors_.size() == 2;
        const std::string_view word = !field.text.empty() ? field.text : pair ? "5" : "2";
        if (word.size() != 1 || word.front() < '1' || word.front() > '5') {
            return refuse(field.column,
                          fmt::format("the algorithm \"{}\" is not a digit from 1 to 5", word));
        }
        const char digit = word.front();
        if (digit == '5' && !pair) {
            return refuse(field.column,
                          "5 makes an RSA and an Ed25519 signature: it needs two selectors");
        }
        if (digit == '1' || digit == '3') {
            // RFC 8301 3.1: "rsa-sha1 MUST NOT be used for signing or verifying."
            warn(field.column,
                 fmt::format("{} asks for rsa-sha1, which nobody may sign with any more: "
                             "rsa-sha256 alone is signed",
                             digit));
        }
        if (digit != '4') {
            entry.signatures.push_back(
                {.selector = selectors_[0], .algorithm = dkim::Algorithm::rsa_sha256});
        }
        if (digit == '4' || digit == '5') {
            entry.signatures.push_back(
                {.selector = selectors_.back(), .algorithm = dkim::Algorithm::ed25519_sha256});
        }
        if (pair && digit != '5') {
            warn(selectors.column,
                 fmt::format("selector {} is not used: {} makes one signature",
                             selectors_[digit == '4' ? 0 : 1].text(),
                             digit));
        }
    }

    // RFC 6376 3.5: i= must lie within d=. What can never be is said now; the rest is left out when a message is signed.
    void judge_identity(const Entry& entry,
                        const std::optional<DomainName>& domain,
                        const Piece& field) {
        if (entry.identity_kind == IdentityKind::none) {
            return;
        }
        std::optional<DomainName> identity = domain;
        if (entry.identity_kind == IdentityKind::fixed) {
            const std::string_view text = entry.identity;
            if (auto parsed = DomainName::parse(text.substr(text.rfind('@') + 1))) {
                identity = *std::move(parsed);
            }
        }
        if (!identity) {
            return;
        }
        const auto& signer = entry.sdid ? entry.sdid : domain;
        // Of subdomains, or with the key of a parent, more can be within than the entry's own name tells.
        const bool possible =
            !signer       ? true
            : !entry.sdid ? is_near(*identity, *signer)
            : entry.identity_kind == IdentityKind::sender && entry.kind == EntryKind::parent
                ? is_near(*identity, *signer)
                : identity->is_within(*signer);
        if (!possible) {
            warn(field.column,
                 fmt::format("i= would be in {}, which is not within the signing domain {}: "
                             "signatures go without it, for verifiers would reject them",
                             identity->ascii(),
                             signer->ascii()));
        }
    }

    void keep(Entry entry, const std::optional<DomainName>& domain, std::string_view name) {
        DkimDomains& policy = out_.policy;
        std::size_t first = 0;
        if (!domain) {
            auto& place = entry.kind == EntryKind::all ? policy.all_ : policy.rcpthosts_;
            if (place) {
                first = place->line;
            } else {
                place = std::move(entry);
            }
        } else {
            auto& entries = entry.kind == EntryKind::never    ? policy.never_
                            : entry.kind == EntryKind::parent ? policy.parents_
                                                              : policy.exact_;
            const auto [place, added] = entries.try_emplace(domain->ascii(), std::move(entry));
            first = added ? 0 : place->second.line;
        }
        if (first != 0) {
            warn(1,
                 fmt::format(
                     "line {} is for {} already and counts; this one does not", first, name));
        }
    }

    PolicyLimits limits_;
    ParsedPolicy out_;
    std::size_t line_ = 0;
    bool failed_ = false;
    std::vector<Selector> selectors_;
};

ParsedPolicy parse_dkimdomains(std::string_view text, const PolicyLimits& limits) {
    return PolicyReader(limits).read(text);
}

}  // namespace bulla::policy
