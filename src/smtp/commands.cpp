#include "smtp/commands.h"

#include "names/address_literal.h"
#include "smtp/parameters.h"
#include "smtp/replies.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace bulla::smtp {

namespace {

constexpr std::pair<std::string_view, Verb> verbs[] = {
    {"MAIL", Verb::mail},       {"RCPT", Verb::rcpt},         {"DATA", Verb::data},
    {"BDAT", Verb::bdat},       {"EHLO", Verb::ehlo},         {"HELO", Verb::helo},
    {"RSET", Verb::rset},       {"NOOP", Verb::noop},         {"QUIT", Verb::quit},
    {"AUTH", Verb::auth},       {"STARTTLS", Verb::starttls}, {"VRFY", Verb::vrfy},
    {"EXPN", Verb::expn},       {"HELP", Verb::help},         {"XFORWARD", Verb::xforward},
    {"XCLIENT", Verb::xclient}, {"GET", Verb::foreign},       {"POST", Verb::foreign},
    {"PUT", Verb::foreign},     {"HEAD", Verb::foreign},      {"CONNECT", Verb::foreign},
    {"OPTIONS", Verb::foreign}, {"HOST:", Verb::foreign},     {"USER-AGENT:", Verb::foreign},
};

// RFC 5321 4.5.3.1.3: "The maximum total length of a reverse-path or forward-path is 256 octets". That much has to be taken (4.5.3.1);
// UTF-8 (RFC 6531 3.3) needs more octets for as many characters.
constexpr std::size_t max_path = 1024;
// RFC 3461 4.2, 4.4: ORCPT at most 500 characters, ENVID at most 100.
constexpr std::size_t max_orcpt = 500;
constexpr std::size_t max_envid = 100;

bool has_8bit(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) > 127; });
}

// Takes "<path>" from the front of `text`: what stands between the brackets, which a quoted string may hold too. nullopt: no such thing.
std::optional<std::string_view> take_path(std::string_view& text) {
    if (!text.starts_with('<')) {
        return std::nullopt;
    }
    bool quoted = false;
    for (std::size_t i = 1; i < text.size() && i <= max_path; ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (text[i] == '>' && !quoted) {
            const std::string_view path = text.substr(1, i - 1);
            text.remove_prefix(i + 1);
            return path;
        }
    }
    return std::nullopt;
}

// RFC 5321 3.3: "Servers MUST be prepared to encounter a list of source routes in the forward-path, but they SHOULD ignore the routes".
std::string_view without_route(std::string_view path) {
    if (path.starts_with('@')) {
        const std::size_t colon = path.find(':');
        path.remove_prefix(colon == std::string_view::npos ? 0 : colon + 1);
    }
    return path;
}

// Takes "FROM:" or "TO:" and the path. RFC 5321 3.3 forbids spaces around the colon; after it they are read, as many clients send them.
std::optional<std::string_view> take_prefixed_path(std::string_view& text,
                                                   std::string_view prefix) {
    if (text.size() < prefix.size() || !is_word(text.substr(0, prefix.size()), prefix)) {
        return std::nullopt;
    }
    text = trim(text.substr(prefix.size()));
    const auto path = take_path(text);
    const bool separated = text.empty() || text[0] == ' ' || text[0] == '\t';
    return path && separated ? path : std::nullopt;
}

// Remembers which parameters came, since none may come twice.
class Once {
  public:
    // False if `keyword` came before or there are too many.
    bool add(std::string_view keyword) {
        const auto end = seen_.begin() + static_cast<std::ptrdiff_t>(count_);
        if (count_ == seen_.size() ||
            std::any_of(seen_.begin(), end, [&](auto s) { return is_word(s, keyword); })) {
            return false;
        }
        seen_[count_++] = keyword;
        return true;
    }

  private:
    std::array<std::string_view, 16> seen_;
    std::size_t count_ = 0;
};

// Calls `take(parameter)` for each parameter in `text`; the first refusal ends it.
template <class Take>
Answer<void> each_parameter(std::string_view text, Take take) {
    Once once;
    for (;;) {
        const auto next = take_parameter(text);
        if (!next) {
            return std::unexpected(replies::bad_parameter(next.error().text));
        }
        const std::optional<Parameter>& parameter = *next;
        if (!parameter) {
            return {};
        }
        if (!once.add(parameter->keyword)) {
            return std::unexpected(replies::bad_parameter("Parameter given twice"));
        }
        if (auto taken = take(*parameter); !taken) {
            return taken;
        }
    }
}

Answer<void> take_size(MailCommand& command, std::string_view value) {
    // RFC 1870 3: "size-value ::= 1*20DIGIT"; a number too great for 64 bits is greater than any limit as well.
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (value.empty() || value.size() > 20 || end != value.data() + value.size() ||
        error == std::errc::invalid_argument) {
        return std::unexpected(replies::bad_parameter("SIZE is not a number"));
    }
    command.size = error == std::errc::result_out_of_range ? UINT64_MAX : size;
    return {};
}

Answer<void> take_mail_parameter(MailCommand& command, const Parameter& parameter) {
    const std::string_view value = parameter.value.value_or("");
    if (is_word(parameter.keyword, "SIZE")) {
        return take_size(command, value);
    }
    if (is_word(parameter.keyword, "BODY")) {
        command.eight_bit = is_word(value, "8BITMIME");
        // A value of BODY that another extension gives, such as BINARYMIME, cannot be told from one that is misspelt: both are 555.
        // RFC 5321 4.1.1.11: "If the server SMTP does not recognize or cannot implement one or more of the parameters associated with a
        // particular MAIL FROM or RCPT TO command, it will return code 555."
        if (!command.eight_bit && !is_word(value, "7BIT")) {
            return std::unexpected(replies::unknown_parameter());
        }
    } else if (is_word(parameter.keyword, "SMTPUTF8")) {
        // RFC 6531 3.1 (4): the parameter has no value.
        if (parameter.value) {
            return std::unexpected(replies::bad_parameter("SMTPUTF8 takes no value"));
        }
        command.smtputf8 = true;
    } else if (is_word(parameter.keyword, "RET")) {
        command.ret = is_word(value, "FULL") ? "FULL" : is_word(value, "HDRS") ? "HDRS" : "";
        if (command.ret.empty()) {
            return std::unexpected(replies::bad_parameter("RET is FULL or HDRS"));
        }
    } else if (is_word(parameter.keyword, "ENVID")) {
        if (!is_xtext(value, max_envid)) {
            return std::unexpected(
                replies::bad_parameter("ENVID is not xtext of at most 100 characters"));
        }
        command.envid = value;
    } else if (is_word(parameter.keyword, "AUTH")) {
        // RFC 4954 5: an untrusted AUTH= is to be treated as "<>": it is checked and then not used.
        if (!is_xtext(value, max_path)) {
            return std::unexpected(replies::bad_parameter("AUTH is not xtext"));
        }
    } else {
        // RFC 5321 4.2.2: "555 MAIL FROM/RCPT TO parameters not recognized or not implemented"
        return std::unexpected(replies::unknown_parameter());
    }
    return {};
}

bool is_notify(std::string_view value) {
    // RFC 3461 4.1: "the NEVER keyword MUST appear by itself"; else a list of SUCCESS, FAILURE and DELAY.
    if (is_word(value, "NEVER")) {
        return true;
    }
    for (;;) {
        const std::size_t comma = value.find(',');
        const std::string_view word = value.substr(0, comma);
        if (!is_word(word, "SUCCESS") && !is_word(word, "FAILURE") && !is_word(word, "DELAY")) {
            return false;
        }
        if (comma == std::string_view::npos) {
            return true;
        }
        value.remove_prefix(comma + 1);
    }
}

bool is_orcpt(std::string_view value, bool utf8) {
    const std::size_t semicolon = value.find(';');
    return semicolon != std::string_view::npos && value.size() <= max_orcpt &&
           is_xtext(value.substr(0, semicolon), max_orcpt) &&
           is_xtext(value.substr(semicolon + 1), max_orcpt, utf8);
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

Answer<void> take_rcpt_parameter(mail::RecipientDsn& dsn, const Parameter& parameter, bool utf8) {
    const std::string_view value = parameter.value.value_or("");
    if (is_word(parameter.keyword, "NOTIFY")) {
        if (value.size() > 32 || !is_notify(value)) {
            return std::unexpected(
                replies::bad_parameter("NOTIFY is NEVER or a list of SUCCESS, FAILURE, DELAY"));
        }
        dsn.notify = upper(value);
    } else if (is_word(parameter.keyword, "ORCPT")) {
        if (!is_orcpt(value, utf8)) {
            return std::unexpected(
                replies::bad_parameter("ORCPT is not type;xtext of at most 500 characters"));
        }
        dsn.orcpt = value;
    } else {
        return std::unexpected(replies::unknown_parameter());
    }
    return {};
}

}  // namespace

Command parse_command(std::string_view line) {
    line = trim(line);
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    for (const auto& [name, verb] : verbs) {
        if (is_word(word, name)) {
            return {.verb = verb, .argument = trim(line.substr(word.size()))};
        }
    }
    return {};
}

Answer<MailCommand> parse_mail(std::string_view argument) {
    const auto path = take_prefixed_path(argument, "FROM:");
    if (!path) {
        return std::unexpected(replies::syntax("MAIL FROM:<address>"));
    }
    MailCommand command;
    if (auto taken = each_parameter(
            argument, [&](const Parameter& p) { return take_mail_parameter(command, p); });
        !taken) {
        return std::unexpected(std::move(taken).error());
    }
    if (has_8bit(*path) && !command.smtputf8) {
        return std::unexpected(replies::sender_needs_smtputf8());
    }
    if (!path->empty()) {
        auto mailbox = Mailbox::parse(without_route(*path));
        if (!mailbox) {
            return std::unexpected(has_address_literal(without_route(*path))
                                       ? replies::literal_sender()
                                       : replies::bad_sender());
        }
        command.from = std::move(*mailbox);
    }
    return command;
}

Answer<mail::Recipient> parse_rcpt(std::string_view argument, const RcptRules& rules) {
    const auto path = take_prefixed_path(argument, "TO:");
    if (!path) {
        return std::unexpected(replies::syntax("RCPT TO:<address>"));
    }
    if (has_8bit(*path) && !rules.smtputf8) {
        return std::unexpected(replies::recipient_needs_smtputf8());
    }
    mail::RecipientDsn dsn;
    if (auto taken = each_parameter(
            argument,
            [&](const Parameter& p) { return take_rcpt_parameter(dsn, p, rules.smtputf8); });
        !taken) {
        return std::unexpected(std::move(taken).error());
    }
    // RFC 5321 4.5.1: "the special case of 'RCPT TO:<Postmaster>' (with no domain specification), MUST be supported."
    if (rules.postmaster && is_word(*path, "postmaster")) {
        return mail::Recipient{.mailbox = *rules.postmaster, .dsn = std::move(dsn)};
    }
    auto mailbox = Mailbox::parse(without_route(*path));
    if (!mailbox) {
        return std::unexpected(has_address_literal(without_route(*path))
                                   ? replies::literal_recipient()
                                   : replies::bad_recipient());
    }
    return mail::Recipient{.mailbox = std::move(*mailbox), .dsn = std::move(dsn)};
}

Answer<BdatCommand> parse_bdat(std::string_view argument) {
    // RFC 3030 2: "bdat-cmd ::= 'BDAT' SP chunk-size [ SP end-marker ] CR LF"
    const std::string_view number = argument.substr(0, argument.find(' '));
    const std::string_view marker = trim(argument.substr(number.size()));
    BdatCommand command{.size = 0, .last = is_word(marker, "LAST")};
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), command.size);
    if (number.empty() || end != number.data() + number.size() || error != std::errc{} ||
        (!marker.empty() && !command.last)) {
        return std::unexpected(replies::syntax("BDAT size [LAST]"));
    }
    return command;
}

Answer<std::string> parse_helo(std::string_view argument) {
    const bool printable = std::ranges::all_of(argument, [](char c) { return c > 32 && c < 127; });
    if (argument.empty() || argument.size() > 255 || !printable) {
        return std::unexpected(replies::syntax("EHLO hostname"));
    }
    return std::string(argument);
}

}  // namespace bulla::smtp
