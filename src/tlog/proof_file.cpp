#include "tlog/proof_file.h"

#include "base/encoding.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace bulla::tlog {

namespace {

constexpr std::size_t max_file_size = 256U << 10U;
constexpr std::size_t max_hashes = 63;
constexpr std::string_view title = "c2sp.org/tlog-proof@v1";

std::unexpected<Error> bad(std::string_view why) {
    return fail("proof.bad",
                Fault::sender,
                fmt::format("the text is no proof of a log: {}", why),
                "C2SP tlog-proof");
}

std::optional<std::string_view> take_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

std::optional<std::uint64_t> parse_index(std::string_view line) {
    constexpr std::string_view word = "index ";
    if (!line.starts_with(word)) {
        return std::nullopt;
    }
    line.remove_prefix(word.size());
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), index);
    const bool whole = error == std::errc{} && end == line.data() + line.size();
    return whole && fmt::to_string(index) == line ? std::optional(index) : std::nullopt;
}

}  // namespace

std::string write_proof_file(const ProofFile& proof) {
    std::string out = fmt::format("{}\n", title);
    if (!proof.extra.empty()) {
        out += fmt::format("extra {}\n", base64_encode(proof.extra));
    }
    out += fmt::format("index {}\n", proof.index);
    for (const Hash& hash : proof.hashes) {
        out += write_hash(hash) + "\n";
    }
    return out + "\n" + proof.checkpoint;
}

Result<ProofFile> parse_proof_file(std::string_view text) {
    if (text.size() > max_file_size || take_line(text) != title) {
        return bad("it is too large or does not begin with the words of a proof");
    }
    ProofFile proof;
    auto line = take_line(text);
    constexpr std::string_view extra = "extra ";
    if (line && line->starts_with(extra)) {
        auto decoded = base64_decode(line->substr(extra.size()));
        if (!decoded || decoded->empty()) {
            return bad("its extra data are not base64");
        }
        proof.extra = std::move(*decoded);
        line = take_line(text);
    }
    const auto index = line ? parse_index(*line) : std::nullopt;
    if (!index) {
        return bad("the index of the leaf is missing");
    }
    proof.index = *index;
    for (line = take_line(text); line && !line->empty(); line = take_line(text)) {
        const auto hash = parse_hash(*line);
        if (!hash || proof.hashes.size() == max_hashes) {
            return bad("a line of it is no hash, or there are too many");
        }
        proof.hashes.push_back(*hash);
    }
    if (!line) {
        return bad("the checkpoint is missing");
    }
    proof.checkpoint = std::string(text);
    return proof;
}

}  // namespace bulla::tlog
