#pragma once
#include "names/message_id.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bulla::archive {

/// What a step of verification came to. `note`: worth knowing, proves nothing wrong.
enum class Outcome { ok, note, bad };

/// One step, in words. `check` names what was looked at: row, catalogue, record, leaf, signature, order, log.
struct Finding {
    Outcome outcome = Outcome::ok;
    std::string check;
    std::string text;
};

/// The steps of one verification, in the order in which they were made. At most 10,000 are kept, the rest is counted.
class Findings {
  public:
    void ok(std::string check, std::string text) {
        add({Outcome::ok, std::move(check), std::move(text)});
    }

    void note(std::string check, std::string text) {
        add({Outcome::note, std::move(check), std::move(text)});
    }

    void bad(std::string check, std::string text) {
        add({Outcome::bad, std::move(check), std::move(text)});
    }

    /// A step that could not be made, for want of something that is not the archive's: neither right nor wrong.
    void unchecked(std::string check, std::string text) {
        any_unchecked_ = true;
        add({Outcome::note, std::move(check), std::move(text)});
    }

    void add(Finding finding) {
        constexpr std::size_t most = 10000;
        any_bad_ = any_bad_ || finding.outcome == Outcome::bad;
        if (list_.size() < most) {
            list_.push_back(std::move(finding));
        } else {
            ++left_off_;
        }
    }

    [[nodiscard]] const std::vector<Finding>& list() const { return list_; }

    [[nodiscard]] bool any_bad() const { return any_bad_; }

    [[nodiscard]] bool any_unchecked() const { return any_unchecked_; }

    /// How many were not kept.
    [[nodiscard]] std::uint64_t left_off() const { return left_off_; }

  private:
    std::vector<Finding> list_;
    std::uint64_t left_off_ = 0;
    bool any_bad_ = false;
    bool any_unchecked_ = false;
};

/// What verifying one message gave.
struct MessageReport {
    MessageId id{};
    Findings findings{};
    bool has_seal = true;     ///< It counts as archived, names a leaf, or the log has one of it.
    bool has_signer = false;  ///< Its leaf names a signer, or a signature is stored with it.

    /// All of it was looked at, and nothing is wrong.
    [[nodiscard]] bool verified() const { return !findings.any_bad() && !findings.any_unchecked(); }
};

}  // namespace bulla::archive
