#include "queue/payload.h"

#include "base/encoding.h"

#include <utility>

namespace bulla::queue {

namespace {

constexpr unsigned char version = 1;
constexpr std::uint32_t max_recipients = 100'000;

constexpr unsigned char flag_eight_bit = 1;
constexpr unsigned char flag_smtputf8 = 2;
constexpr unsigned char flag_has_from = 4;

void put_text(std::string& out, std::string_view text) {
    put_u32(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

std::unexpected<Error> bad(std::string_view what) {
    return fail("queue.bad_payload",
                Fault::us,
                "a delivery in the queue cannot be read: " + std::string(what));
}

/// What has not been read yet.
class Input {
  public:
    explicit Input(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] Result<std::string_view> take(std::size_t size) {
        if (size > rest_.size()) {
            return bad("it ends too early");
        }
        const auto bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return bytes;
    }

    [[nodiscard]] Result<unsigned char> byte() {
        BULLA_TRY(bytes, take(1));
        return static_cast<unsigned char>(bytes[0]);
    }

    [[nodiscard]] Result<std::uint32_t> number() {
        BULLA_TRY(bytes, take(4));
        return get_u32(bytes);
    }

    [[nodiscard]] Result<std::string> text() {
        BULLA_TRY(size, number());
        BULLA_TRY(bytes, take(size));
        return std::string(bytes);
    }

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

Result<mail::Recipient> read_recipient(Input& in) {
    BULLA_TRY(address, in.text());
    BULLA_TRY(notify, in.text());
    BULLA_TRY(orcpt, in.text());
    auto mailbox = Mailbox::parse(address);
    if (!mailbox) {
        return bad("a recipient is no address");
    }
    return mail::Recipient{.mailbox = std::move(*mailbox),
                           .dsn = {.notify = std::move(notify), .orcpt = std::move(orcpt)}};
}

Result<void> read_head(Input& in, Payload& payload) {
    BULLA_TRY(number, in.byte());
    if (number != version) {
        return bad("its version is not known to this program");
    }
    BULLA_TRY(flags, in.byte());
    if ((flags & ~(flag_eight_bit | flag_smtputf8 | flag_has_from)) != 0) {
        return bad("unknown flags");
    }
    payload.eight_bit = (flags & flag_eight_bit) != 0;
    payload.smtputf8 = (flags & flag_smtputf8) != 0;
    BULLA_TRY(kind, in.byte());
    if (kind < static_cast<unsigned char>(seal::RecordKind::received) ||
        kind > static_cast<unsigned char>(seal::RecordKind::opened)) {
        return bad("unknown kind of record");
    }
    payload.kind = static_cast<seal::RecordKind>(kind);
    BULLA_TRY(shares, in.take(2));
    payload.shares = get_u16(shares);
    BULLA_TRY(from, in.text());
    if ((flags & flag_has_from) != 0) {
        auto mailbox = Mailbox::parse(from);
        if (!mailbox) {
            return bad("the sender is no address");
        }
        payload.from = std::move(*mailbox);
    } else if (!from.empty()) {
        return bad("a sender without its flag");
    }
    return {};
}

}  // namespace

std::string write_payload(const Payload& payload) {
    std::string out;
    out.reserve(128 + payload.prefix.size() + payload.recipients.size() * 64);
    out.push_back(static_cast<char>(version));
    out.push_back(static_cast<char>((payload.eight_bit ? flag_eight_bit : 0) |
                                    (payload.smtputf8 ? flag_smtputf8 : 0) |
                                    (payload.from ? flag_has_from : 0)));
    out.push_back(static_cast<char>(payload.kind));
    put_u16(out, payload.shares);
    put_text(out, payload.from ? payload.from->text() : std::string{});
    put_text(out, payload.ret);
    put_text(out, payload.envid);
    put_text(out, payload.prefix);
    put_u32(out, static_cast<std::uint32_t>(payload.recipients.size()));
    for (const auto& recipient : payload.recipients) {
        put_text(out, recipient.mailbox.text());
        put_text(out, recipient.dsn.notify);
        put_text(out, recipient.dsn.orcpt);
    }
    return out;
}

Result<Payload> parse_payload(std::string_view bytes) {
    Input in(bytes);
    Payload payload;
    BULLA_CHECK(read_head(in, payload));
    for (std::string* text : {&payload.ret, &payload.envid, &payload.prefix}) {
        BULLA_TRY(value, in.text());
        *text = std::move(value);
    }
    BULLA_TRY(count, in.number());
    if (count > max_recipients) {
        return bad("too many recipients");
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        BULLA_TRY(recipient, read_recipient(in));
        payload.recipients.push_back(std::move(recipient));
    }
    if (!in.at_end()) {
        return bad("there is something after its end");
    }
    return payload;
}

}  // namespace bulla::queue
