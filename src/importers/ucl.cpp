#include "importers/ucl.h"

#include "importers/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>

namespace bulla::importers {

namespace {

constexpr std::string_view white = " \t\r\n\f\v";
// What ends a text without quotes.
constexpr std::string_view stops = ";,\n\r{}[]\"#";

/// One use, one thread. After the first error it only unwinds.
class UclParser {
  public:
    UclParser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    Result<UclDocument> run() {
        skip();
        const bool braced = at_ < text_.size() && text_[at_] == '{';
        at_ += braced ? 1 : 0;
        out_.root.kind = UclValue::Kind::object;
        out_.root.place = here();
        read_members(out_.root, braced ? '}' : '\0', 0);
        skip();
        if (error_.empty() && at_ < text_.size()) {
            refuse("a bracket that nothing opens");
        }
        if (!error_.empty()) {
            return fail("import.bad_ucl", Fault::sender, error_);
        }
        return std::move(out_);
    }

  private:
    [[nodiscard]] Place here() {
        // Only ever asked further on: the lines before are counted once.
        for (; counted_ < at_ && counted_ < text_.size(); ++counted_) {
            if (text_[counted_] == '\n') {
                ++line_;
                line_begin_ = counted_ + 1;
            }
        }
        return {.file = file_, .line = line_, .column = at_ - line_begin_ + 1};
    }

    void refuse(std::string_view what) {
        if (error_.empty()) {
            const auto [file, line, column] = here();
            error_ = fmt::format("{}:{}:{}: {}", file, line, column, what);
        }
    }

    [[nodiscard]] bool over() const { return !error_.empty() || at_ >= text_.size(); }

    [[nodiscard]] bool next_is(std::string_view word) const {
        return text_.substr(at_).starts_with(word);
    }

    // White space and remarks.
    void skip() {
        while (!over()) {
            if (white.contains(text_[at_])) {
                ++at_;
            } else if (text_[at_] == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (next_is("/*")) {
                skip_remark();
            } else {
                return;
            }
        }
    }

    void skip_remark() {
        int depth = 0;
        do {
            if (next_is("/*")) {
                ++depth;
                at_ += 2;
            } else if (next_is("*/")) {
                --depth;
                at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0 && !over());
        if (depth > 0) {
            refuse("the remark has no end");
        }
    }

    void skip_separators() {
        for (skip(); !over() && (text_[at_] == ';' || text_[at_] == ','); skip()) {
            ++at_;
        }
    }

    bool count() {
        if (++values_ > most_ucl_values) {
            refuse("there is too much in this file");
        }
        return error_.empty();
    }

    void read_members(UclValue& object, char end, int depth) {
        if (depth > most_ucl_depth) {
            return refuse("sections are nested too deep");
        }
        for (skip_separators(); !over(); skip_separators()) {
            if (end != '\0' && text_[at_] == end) {
                ++at_;
                return;
            }
            if (text_[at_] == '.') {
                read_macro();
            } else {
                read_member(object, depth);
            }
        }
        if (end != '\0') {
            refuse("a section has no end");
        }
    }

    void read_macro() {
        const Place place = here();
        const std::size_t end = std::min(text_.find('\n', at_), text_.size());
        out_.macros.push_back(
            {.text = std::string(trim(text_.substr(at_, end - at_))), .place = place});
        at_ = end;
        static_cast<void>(count());
    }

    void read_member(UclValue& object, int depth) {
        UclValue value;
        value.place = here();
        value.name = read_name();
        skip_blanks();
        if (!over() && (text_[at_] == '=' || text_[at_] == ':')) {
            ++at_;
            skip();
        }
        if (!error_.empty() || !count()) {
            return;
        }
        read_value(value, depth);
        object.inside.push_back(std::move(value));
    }

    void skip_blanks() {
        while (!over() && (text_[at_] == ' ' || text_[at_] == '\t')) {
            ++at_;
        }
    }

    std::string read_name() {
        if (!over() && (text_[at_] == '"' || text_[at_] == '\'')) {
            return read_quoted();
        }
        const std::size_t begin = at_;
        at_ = std::min(text_.find_first_of(" \t\r\n=:{};,[]\"'#", at_), text_.size());
        if (at_ == begin) {
            refuse("a name is expected here");
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    void read_value(UclValue& value, int depth) {
        if (over()) {
            return refuse("a value is missing");
        }
        if (text_[at_] == '{') {
            ++at_;
            value.kind = UclValue::Kind::object;
            return read_members(value, '}', depth + 1);
        }
        if (text_[at_] == '[') {
            ++at_;
            value.kind = UclValue::Kind::list;
            return read_list(value, depth + 1);
        }
        if (next_is("<<")) {
            value.text = read_lines();
            return;
        }
        const bool quoted = text_[at_] == '"' || text_[at_] == '\'';
        value.text = quoted ? read_quoted() : read_bare();
        skip_blanks();
        // section "key" { … }: an object in an object.
        if (!over() && text_[at_] == '{') {
            UclValue inner;
            inner.name = std::exchange(value.text, {});
            inner.place = here();
            inner.kind = UclValue::Kind::object;
            ++at_;
            read_members(inner, '}', depth + 2);
            value.kind = UclValue::Kind::object;
            value.inside.push_back(std::move(inner));
        }
    }

    void read_list(UclValue& list, int depth) {
        if (depth > most_ucl_depth) {
            return refuse("lists are nested too deep");
        }
        for (skip_separators(); !over(); skip_separators()) {
            if (text_[at_] == ']') {
                ++at_;
                return;
            }
            if (!count()) {
                return;
            }
            UclValue value;
            value.place = here();
            read_value(value, depth);
            list.inside.push_back(std::move(value));
        }
        refuse("a list has no end");
    }

    std::string read_bare() {
        const std::size_t begin = at_;
        while (!over() && !stops.contains(text_[at_])) {
            // A variable such as ${DBDIR} belongs to the text.
            at_ = next_is("${") ? std::min(text_.find('}', at_), text_.size() - 1) + 1 : at_ + 1;
        }
        auto text = trim(text_.substr(begin, at_ - begin));
        if (text.empty()) {
            refuse("a value is missing");
        }
        return std::string(text);
    }

    std::string read_quoted() {
        const char quote = text_[at_++];
        std::string out;
        for (; !over(); ++at_) {
            if (text_[at_] == quote) {
                ++at_;
                return out;
            }
            if (text_[at_] == '\\' && at_ + 1 < text_.size() &&
                (quote == '"' || text_[at_ + 1] == '\'')) {
                ++at_;
                constexpr std::string_view letters = "ntrbf";
                constexpr std::string_view octets = "\n\t\r\b\f";
                const auto letter = letters.find(text_[at_]);
                out.push_back(letter == std::string_view::npos ? text_[at_] : octets[letter]);
            } else {
                out.push_back(text_[at_]);
            }
        }
        refuse("a text has no closing quote");
        return out;
    }

    // <<EOD: the lines up to one that is EOD alone.
    std::string read_lines() {
        const std::size_t line_end = text_.find('\n', at_);
        const auto mark = trim(text_.substr(at_ + 2, line_end - at_ - 2));
        std::string out;
        for (at_ = std::min(line_end, text_.size() - 1) + 1; !over() && !mark.empty();) {
            const std::size_t end = std::min(text_.find('\n', at_), text_.size());
            auto line = text_.substr(at_, end - at_);
            at_ = std::min(end + 1, text_.size());
            line = line.substr(0, line.find('\r'));
            if (line == mark || line == std::string(mark) + ";") {
                return out;
            }
            out.append(out.empty() ? "" : "\n").append(line);
        }
        refuse("lines after << have no end");
        return out;
    }

    std::string_view text_;
    const std::string& file_;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;
    std::size_t line_ = 1;
    std::size_t line_begin_ = 0;
    std::size_t values_ = 0;
    std::string error_;
    UclDocument out_;
};

}  // namespace

const UclValue* UclValue::find(std::string_view member) const {
    const auto found = std::find_if(inside.rbegin(), inside.rend(), [&](const UclValue& one) {
        return same_word(one.name, member);
    });
    return kind != Kind::object || found == inside.rend() ? nullptr : &*found;
}

Result<UclDocument> parse_ucl(std::string_view text, const std::string& file) {
    return UclParser(text, file).run();
}

void merge_ucl(UclValue& base, const UclValue& over, bool deep) {
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < base.inside.size(); ++i) {
        known[lower(base.inside[i].name)] = i;
    }
    // Sections of one name are one section: `over` may have several of them.
    std::set<std::string> again;
    for (const UclValue& member : over.inside) {
        const std::string name = lower(member.name);
        const bool merges = !again.insert(name).second || deep;
        const auto [at, is_new] = known.emplace(name, base.inside.size());
        if (is_new) {
            base.inside.push_back(member);
            continue;
        }
        UclValue& there = base.inside[at->second];
        if (merges && there.kind == UclValue::Kind::object &&
            member.kind == UclValue::Kind::object) {
            merge_ucl(there, member, true);
        } else {
            there = member;
        }
    }
}

}  // namespace bulla::importers
