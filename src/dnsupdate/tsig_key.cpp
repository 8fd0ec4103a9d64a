#include "dnsupdate/tsig_key.h"

#include "base/encoding.h"
#include "base/file.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace bulla::dnsupdate {
namespace {

constexpr std::size_t shortest_secret = 16;
constexpr std::size_t most_words = 16;

std::unexpected<Error> bad() {
    return fail("dnsupdate.bad_key",
                Fault::us,
                "it is no TSIG key: one line hmac-sha256:NAME:BASE64, or a key in the form of BIND "
                "or Knot, is expected");
}

/// What stands between white space and the marks of both forms, without comments. Views of `text`.
std::vector<std::string_view> split_words(std::string_view text) {
    constexpr std::string_view marks = " \t\r{};\"'";
    std::vector<std::string_view> out;
    while (!text.empty() && out.size() <= most_words) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.starts_with('#') || line.starts_with("//")) {
            continue;
        }
        while (!line.empty()) {
            const auto end = std::min(line.find_first_of(marks), line.size());
            if (end > 0) {
                out.push_back(line.substr(0, end));
            }
            line.remove_prefix(std::min(end + 1, line.size()));
        }
    }
    return out;
}

/// The three facts of a key; views of the file.
struct Facts {
    std::string_view name, algorithm, secret;
};

/// "hmac-sha256:NAME:BASE64"
std::optional<Facts> read_line(std::string_view word) {
    const auto first = word.find(':');
    const auto second = first == std::string_view::npos ? first : word.find(':', first + 1);
    if (second == std::string_view::npos) {
        return std::nullopt;
    }
    return Facts{.name = word.substr(first + 1, second - first - 1),
                 .algorithm = word.substr(0, first),
                 .secret = word.substr(second + 1)};
}

/// Words in pairs: what it is, and its value; each once.
std::optional<Facts> read_pairs(std::span<const std::string_view> words, std::string_view colon) {
    Facts out;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        std::string_view what = words[i];
        if (!what.ends_with(colon)) {
            return std::nullopt;
        }
        what.remove_suffix(colon.size());
        std::string_view* const place = what == "id"          ? &out.name
                                        : what == "algorithm" ? &out.algorithm
                                        : what == "secret"    ? &out.secret
                                                              : nullptr;
        if (place == nullptr || !place->empty()) {
            return std::nullopt;
        }
        *place = words[i + 1];
    }
    return out;
}

std::optional<Facts> find_facts(std::string_view text) {
    const auto words = split_words(text);
    const std::span<const std::string_view> all(words);
    if (words.size() == 1) {
        return read_line(words[0]);
    }
    if (words.size() == 6 && words[0] == "key") {
        auto facts = read_pairs(all.subspan(2), "");
        if (facts && facts->name.empty()) {
            facts->name = words[1];
            return facts;
        }
    }
    if (words.size() == 8 && words[0] == "key:" && words[1] == "-") {
        return read_pairs(all.subspan(2), ":");
    }
    return std::nullopt;
}

Result<TsigAlgorithm> parse_algorithm(std::string_view word) {
    std::string small(word.substr(0, 64));
    std::ranges::transform(small, small.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (small.ends_with('.')) {
        small.pop_back();
    }
    for (const auto algorithm : {TsigAlgorithm::hmac_sha256, TsigAlgorithm::hmac_sha512}) {
        if (small == to_string(algorithm)) {
            return algorithm;
        }
    }
    return fail("dnsupdate.bad_algorithm",
                Fault::us,
                "the algorithm of the TSIG key is neither hmac-sha256 nor hmac-sha512",
                "RFC 8945 6");
}

}  // namespace

std::string_view to_string(TsigAlgorithm algorithm) {
    return algorithm == TsigAlgorithm::hmac_sha512 ? "hmac-sha512" : "hmac-sha256";
}

Result<TsigKey> parse_key(std::string_view text) {
    const auto facts = find_facts(text);
    if (!facts) {
        return bad();
    }
    BULLA_TRY(algorithm, parse_algorithm(facts->algorithm));
    const auto name = DomainName::parse(facts->name);
    auto secret = base64_decode(facts->secret);
    if (!name || !secret) {
        return bad();
    }
    TsigKey key{.name = *name, .algorithm = algorithm, .secret = SecretBytes(std::move(*secret))};
    if (key.secret.size() < shortest_secret) {
        return fail("dnsupdate.bad_key",
                    Fault::us,
                    "the secret of the TSIG key has less than 16 octets: whoever watches could "
                    "guess it");
    }
    return key;
}

Result<TsigKey> load_key(const std::string& path) {
    BULLA_TRY(text, load_secret_file(path, longest_key_file, FileAccess::owner_only));
    auto key = parse_key(text.view());
    if (!key) {
        key.error().text = path + ": " + key.error().text;
    }
    return key;
}

}  // namespace bulla::dnsupdate
