#include "names/message_id.h"

#include <algorithm>

namespace bulla {
namespace {

constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t text_size = 13;
constexpr int node_bits = 10;
constexpr int sequence_bits = 12;
constexpr std::int64_t sequence_mask = (std::int64_t{1} << sequence_bits) - 1;
constexpr std::int64_t node_mask = (std::int64_t{1} << node_bits) - 1;
constexpr Time epoch = from_unix(1'577'836'800);  // 2020-01-01T00:00:00Z

std::int64_t millis_since_epoch(Time time) {
    const auto since = std::chrono::floor<std::chrono::milliseconds>(time - epoch).count();
    // At least 1, so that a clock before 2020 gives no number of zero or below.
    return std::clamp(since, std::int64_t{1}, (std::int64_t{1} << 41) - 1);
}

}  // namespace

Result<MessageId> MessageId::parse(std::string_view text) {
    std::uint64_t number = 0;
    // 13 digits hold 65 bits, an id 63: the first digit is at most 7.
    bool good = text.size() == text_size && text[0] >= '0' && text[0] <= '7';
    for (std::size_t i = 0; good && i < text.size(); ++i) {
        const auto c = text[i];
        const auto upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        const auto value = digits.find(upper);
        good = value != std::string_view::npos;
        number = number << 5U | (value & 31U);
    }
    if (!good || number == 0) {
        return fail("message_id.bad",
                    Fault::us,
                    "this is not a message id of 13 digits such as 0D5V8G6Z7X001");
    }
    return MessageId(static_cast<std::int64_t>(number));
}

std::string MessageId::text() const {
    std::string out(text_size, '0');
    auto rest = static_cast<std::uint64_t>(number_);
    for (auto place = out.rbegin(); place != out.rend(); ++place) {
        *place = digits[rest & 31U];
        rest >>= 5U;
    }
    return out;
}

Time MessageId::time() const {
    return epoch + std::chrono::milliseconds(number_ >> (node_bits + sequence_bits));
}

MessageId MessageIds::next() {
    const std::scoped_lock lock(mutex_);
    const auto node = (static_cast<std::int64_t>(node_) & node_mask) << sequence_bits;
    auto millis = millis_since_epoch(clock_.now());
    std::int64_t sequence = 0;
    const auto last_millis = last_ >> (node_bits + sequence_bits);
    if (millis <= last_millis) {
        // The clock stood still or went back: go on counting where the last number stands.
        millis = last_millis;
        sequence = (last_ & sequence_mask) + 1;
        if (sequence > sequence_mask) {
            sequence = 0;
            ++millis;
        }
    }
    last_ = millis << (node_bits + sequence_bits) | node | sequence;
    return MessageId(last_);
}

}  // namespace bulla
