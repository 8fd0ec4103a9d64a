#include "mail/address.h"

#include "mail/encoded_word.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bulla::mail {

namespace {

constexpr std::string_view rfc = "RFC 5322 3.4";

std::unexpected<Error> bad(std::string_view what) {
    return fail(
        "address.bad", Fault::sender, "an address list is malformed: " + std::string(what), rfc);
}

// RFC 5322 3.2.3 atext, and octets of UTF-8 (RFC 6532 3.2).
bool is_atext(char c) {
    const auto u = static_cast<unsigned char>(c);
    return u > 0x20 && u != 0x7F &&
           std::string_view("()<>[]:;@\\,.\"").find(c) == std::string_view::npos;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// An atom, a quoted string, or a dot.
struct Word {
    std::string text;
    bool quoted = false;
    bool dot = false;
    bool space_before = false;
};

class Reader {
  public:
    Reader(std::string_view text, const AddressLimits& limits) : text_(text), limits_(limits) {}

    Result<std::vector<Address>> list() {
        BULLA_CHECK(skip());
        while (!at_end()) {
            if (take(',') || (in_group_ && take_group_end())) {
                BULLA_CHECK(skip());
                continue;
            }
            BULLA_CHECK(element());
            BULLA_CHECK(skip());
            if (!at_end() && peek() != ',' && !(in_group_ && peek() == ';') &&
                !group_just_opened_) {
                return bad("text after an address");
            }
        }
        return in_group_ ? Result<std::vector<Address>>(bad("a group without its end"))
                         : Result<std::vector<Address>>(std::move(found_));
    }

  private:
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

    [[nodiscard]] char peek() const { return text_[at_]; }

    bool take(char c) {
        if (at_end() || peek() != c) {
            return false;
        }
        ++at_;
        return true;
    }

    bool take_group_end() {
        const bool taken = take(';');
        in_group_ = in_group_ && !taken;
        return taken;
    }

    // Skips white space and comments (CFWS, RFC 5322 3.2.2); spaced_ tells whether there were any.
    Result<void> skip() {
        spaced_ = false;
        while (!at_end()) {
            if (is_space(peek())) {
                ++at_;
            } else if (peek() == '(') {
                BULLA_CHECK(comment());
            } else {
                return {};
            }
            spaced_ = true;
        }
        return {};
    }

    Result<void> comment() {
        std::size_t depth = 0;
        do {
            const char c = text_[at_++];
            if (c == '\\' && !at_end()) {
                ++at_;
            } else if (c == '(' && ++depth > limits_.max_comment_depth) {
                return bad("comments are nested too deeply");
            } else if (c == ')') {
                --depth;
            }
        } while (depth > 0 && !at_end());
        return depth == 0 ? Result<void>{} : Result<void>(bad("a comment without its end"));
    }

    Result<Word> quoted_string() {
        Word word{.text = {}, .quoted = true, .space_before = spaced_};
        for (++at_; !at_end(); ++at_) {
            if (peek() == '"') {
                ++at_;
                return word;
            }
            if (peek() == '\\' && ++at_ == text_.size()) {
                break;
            }
            if (peek() == '\r' || peek() == '\n') {
                continue;
            }
            word.text.push_back(peek());
        }
        return bad("a quoted string without its end");
    }

    Word atom() {
        const std::size_t begin = at_;
        while (!at_end() && is_atext(peek())) {
            ++at_;
        }
        return {.text = std::string(text_.substr(begin, at_ - begin)), .space_before = spaced_};
    }

    // Words and dots up to another special: a phrase or a local part, whichever what follows says.
    Result<std::vector<Word>> words() {
        std::vector<Word> found;
        BULLA_CHECK(skip());
        while (!at_end()) {
            if (peek() == '"') {
                BULLA_TRY(word, quoted_string());
                found.push_back(std::move(word));
            } else if (peek() == '.') {
                ++at_;
                found.push_back({.text = ".", .dot = true, .space_before = spaced_});
            } else if (is_atext(peek())) {
                found.push_back(atom());
            } else {
                break;
            }
            BULLA_CHECK(skip());
        }
        return found;
    }

    static std::string phrase(const std::vector<Word>& words) {
        std::string text;
        bool encoded = false;
        for (const Word& word : words) {
            if (!text.empty() && word.space_before) {
                text.push_back(' ');
            }
            text.append(word.text);
            encoded = encoded || (!word.quoted && word.text.contains("=?"));
        }
        return encoded ? decode_encoded_words(text) : text;
    }

    // local-part = dot-atom / quoted-string / obs-local-part: words with one dot between each two.
    static Result<std::string> local_part(const std::vector<Word>& words) {
        std::string text;
        bool quoted = false;
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (words[i].dot != (i % 2 == 1)) {
                return bad("a local part");
            }
            quoted = quoted || words[i].quoted;
            for (const char c : words[i].text) {
                if (words[i].quoted && (c == '"' || c == '\\')) {
                    text.push_back('\\');
                }
                text.push_back(c);
            }
        }
        if (words.size() % 2 == 0) {
            return bad("a local part");
        }
        return quoted ? '"' + text + '"' : text;
    }

    // What follows the "@".
    Result<std::string> domain() {
        BULLA_CHECK(skip());
        if (!at_end() && peek() == '[') {
            return bad("address literals are not accepted");
        }
        BULLA_TRY(parts, words());
        std::string text;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (parts[i].quoted || parts[i].dot != (i % 2 == 1)) {
                return bad("a domain");
            }
            text.append(parts[i].text);
        }
        return text;
    }

    Result<void> add(std::string display_name, const std::vector<Word>& local) {
        BULLA_TRY(left, local_part(local));
        BULLA_TRY(right, domain());
        auto mailbox = Mailbox::parse(left + '@' + right);
        if (!mailbox) {
            return bad(mailbox.error().text);
        }
        if (found_.size() == limits_.max_addresses) {
            return fail("address.too_many",
                        Fault::sender,
                        "an address list has more addresses than the limit allows",
                        rfc);
        }
        found_.push_back({.display_name = std::move(display_name), .mailbox = *std::move(mailbox)});
        return {};
    }

    // RFC 5322 4.4: "obs-route = obs-domain-list ':'", as in <@a.example,@b.example:c@d.example>; it is ignored.
    Result<void> route() {
        BULLA_CHECK(skip());
        while (!at_end() && (peek() == '@' || peek() == ',')) {
            if (take('@')) {
                BULLA_CHECK(domain());
            } else {
                ++at_;
            }
            BULLA_CHECK(skip());
            if (take(':')) {
                return {};
            }
        }
        return {};
    }

    Result<void> element() {
        group_just_opened_ = false;
        BULLA_TRY(before, words());
        if (take('@')) {
            return add({}, before);
        }
        if (!before.empty() && !in_group_ && take(':')) {
            in_group_ = group_just_opened_ = true;
            return {};
        }
        if (!take('<')) {
            return bad("an address without a domain");
        }
        BULLA_CHECK(route());
        BULLA_TRY(local, words());
        if (!take('@')) {
            return bad("an address without a domain");
        }
        BULLA_CHECK(add(phrase(before), local));
        return take('>') ? Result<void>{} : Result<void>(bad("an address without its \">\""));
    }

    std::string_view text_;
    const AddressLimits& limits_;
    std::size_t at_ = 0;
    bool spaced_ = false;
    bool in_group_ = false;
    bool group_just_opened_ = false;
    std::vector<Address> found_;
};

}  // namespace

Result<std::vector<Address>> parse_address_list(std::string_view value,
                                                const AddressLimits& limits) {
    return Reader(value, limits).list();
}

Result<std::vector<Address>> addresses(const Message& message,
                                       std::string_view name,
                                       const AddressLimits& limits) {
    std::vector<Address> all;
    for (const FieldSpan& span : message.fields()) {
        if (!equal_ignoring_case(message.name(span), name)) {
            continue;
        }
        BULLA_TRY(found, parse_address_list(message.value(span), limits));
        if (all.size() + found.size() > limits.max_addresses) {
            return fail("address.too_many",
                        Fault::sender,
                        "the message has more addresses than the limit allows",
                        rfc);
        }
        std::ranges::move(found, std::back_inserter(all));
    }
    return all;
}

Result<std::vector<Address>> authors(const Message& message, const AddressLimits& limits) {
    // RFC 5322 3.6: "from  1  1", the minimum and maximum number of the field.
    const std::size_t count = message.count("From");
    if (count > 1) {
        return fail("address.several_from",
                    Fault::sender,
                    "the message has more than one From field",
                    "RFC 5322 3.6");
    }
    BULLA_TRY(found, addresses(message, "From", limits));
    if (found.empty()) {
        return fail(
            "address.no_from", Fault::sender, "the message has no From address", "RFC 5322 3.6");
    }
    return std::move(found);
}

}  // namespace bulla::mail
