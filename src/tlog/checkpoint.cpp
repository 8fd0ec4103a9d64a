#include "tlog/checkpoint.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace bulla::tlog {

namespace {

std::unexpected<Error> bad(std::string_view why) {
    return fail("checkpoint.bad",
                Fault::sender,
                fmt::format("the text is no checkpoint of a log: {}", why),
                "C2SP tlog-checkpoint");
}

/// The text up to the next line feed, which is taken off as well; nothing if there is none.
std::optional<std::string_view> take_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    // C2SP tlog-checkpoint: "with no leading zeroes (unless the tree is empty, in which case the tree size is 0)"
    if (!whole || size > std::uint64_t{1} << 62U || (text.size() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    return size;
}

}  // namespace

std::string write_checkpoint(const Checkpoint& checkpoint) {
    return fmt::format(
        "{}\n{}\n{}\n", checkpoint.origin, checkpoint.size, write_hash(checkpoint.root));
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
    const auto origin = take_line(text);
    const auto size_line = take_line(text);
    const auto root_line = take_line(text);
    if (!origin || !size_line || !root_line) {
        return bad("it has fewer than three lines");
    }
    // C2SP tlog-checkpoint: "The origin MUST be non-empty"
    if (origin->empty()) {
        return bad("the name of the log is missing");
    }
    const auto size = parse_size(*size_line);
    if (!size) {
        return bad("the size is no number");
    }
    const auto root = parse_hash(*root_line);
    if (!root) {
        return bad("the root is no hash");
    }
    while (!text.empty()) {
        // C2SP tlog-checkpoint: "Extension lines, if any, MUST be non-empty."
        const auto extension = take_line(text);
        if (!extension || extension->empty()) {
            return bad("a line after the root is empty or does not end");
        }
    }
    return Checkpoint{std::string(*origin), *size, *root};
}

Result<Checkpoint> open_checkpoint(std::string_view bytes, const VerifierKey& key) {
    BULLA_TRY(text, open_note(bytes, key));
    BULLA_TRY(checkpoint, parse_checkpoint(text));
    if (checkpoint.origin != key.name) {
        return fail(
            "checkpoint.other_log",
            Fault::sender,
            fmt::format("the checkpoint is of log {}, not of {}", checkpoint.origin, key.name),
            "C2SP tlog-checkpoint");
    }
    return checkpoint;
}

}  // namespace bulla::tlog
