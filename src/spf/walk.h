#pragma once
#include "spf/check.h"
#include "spf/macro.h"
#include "spf/record.h"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bulla::spf {

/// One walk through the records, from the first domain until an answer is missing or the verdict is known. Inner part of Check.
class Walk {
  public:
    Walk(std::span<const dns::DnsAnswer> answers,
         const Limits& limits,
         MacroValues values,
         CheckResult& result)
        : answers_(answers), limits_(limits), values_(std::move(values)), result_(result) {}

    /// Fills the result; false if answers are missing.
    [[nodiscard]] bool run(const std::string& domain);

    [[nodiscard]] std::vector<dns::DnsQuestion> take_questions() { return std::move(questions_); }

  private:
    // What a directive, or one step of it, came to.
    enum class Step { no, yes, temperror, permerror, pending };

    struct Name {
        Step step = Step::no;  // yes: `text` is a name; no: nobody can ask for such a name
        std::string text;
    };

    // What the record that decided leaves to be done.
    struct Exit {
        std::optional<MacroString> explanation;
        std::string domain;
    };

    [[nodiscard]] const dns::DnsAnswer* find(dns::RecordType type, const std::string& name);
    bool want(dns::RecordType type, const std::string& name);
    void ask_ahead(const Record& record, std::size_t from, const std::string& domain);
    void ask_ahead(const Directive& directive, const std::string& domain);

    [[nodiscard]] std::optional<Verdict> check_host(std::string domain, bool outermost);
    [[nodiscard]] static std::optional<Verdict> verdict_of(Step step);
    void keep_record(const std::string& text);
    [[nodiscard]] Step match_directives(Record& record,
                                        const std::string& domain,
                                        Verdict& verdict);
    [[nodiscard]] Step find_record(const std::string& domain, std::string& text);
    [[nodiscard]] Step follow_redirect(const Record& record, std::string& domain);
    [[nodiscard]] Step match(const Directive& directive, const std::string& domain);
    [[nodiscard]] Step match_include(const std::string& name);
    [[nodiscard]] Step match_addresses(const Directive& directive, const std::string& name);
    [[nodiscard]] Step match_mx(const Directive& directive, const std::string& name);
    [[nodiscard]] Step match_ptr(const std::string& name);
    [[nodiscard]] Step match_exists(const std::string& name);

    [[nodiscard]] bool needs_other_local(const MacroString& text) const;
    [[nodiscard]] Name target_of(const std::optional<MacroString>& target,
                                 const std::string& domain);
    [[nodiscard]] Step fill_validated(const MacroString& text, const std::string& domain);
    [[nodiscard]] const std::vector<std::string>* validated_names();
    [[nodiscard]] bool explain();
    [[nodiscard]] dns::RecordType address_type() const;

    Step count_void();
    Step count_term();
    Step permerror(std::string why);
    Step temperror(const dns::DnsAnswer& answer);
    void conclude(Record& record, const Directive* directive, const std::string& domain);
    [[nodiscard]] std::string say(Verdict verdict) const;

    std::span<const dns::DnsAnswer> answers_;
    const Limits& limits_;
    MacroValues values_;
    CheckResult& result_;
    std::vector<dns::DnsQuestion> questions_;
    std::optional<std::vector<std::string>> validated_;
    bool names_counted_ = false;  // the client's names are among the terms already
    bool counting_ = true;        // false once only the explanation is left
    std::size_t ahead_ = 0;       // questions of ask_ahead()
    std::string matched_;         // the directive that matched, wherever it stands, and whose it is
    Exit exit_;
};

}  // namespace bulla::spf
