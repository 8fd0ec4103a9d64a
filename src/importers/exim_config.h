#pragma once
#include "importers/builder.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::importers {

/// A line of an Exim configuration, macros replaced, with what its continuation lines add.
struct EximLine {
    std::string text;
    Place place;
};

/// An option of a transport.
struct EximOption {
    std::string value;
    Place place;
};

struct EximTransport {
    std::string name;
    std::map<std::string, EximOption> options;  ///< Those that begin with dkim_, and driver.
};

/// Reads files one after the other as one configuration: macros, .ifdef and its like, .include. What is wrong is said.
class EximConfig {
  public:
    explicit EximConfig(PlanBuilder& plan) : plan_(plan) {}

    void read_file(const std::string& path, const Place& from, int depth = 0);
    /// What was read: the transports in their order.
    [[nodiscard]] std::vector<EximTransport> transports() const;

  private:
    void take(std::string text, const Place& place, int depth);
    bool directive(std::string_view text, const Place& place, int depth);
    bool define(std::string_view text);
    [[nodiscard]] bool is_active() const;
    [[nodiscard]] bool is_defined(std::string_view words) const;
    [[nodiscard]] std::string replace_macros(std::string_view text) const;

    PlanBuilder& plan_;
    std::map<std::string, std::string, std::less<>> macros_;
    std::vector<bool> conditions_;
    std::vector<EximLine> lines_;
    std::size_t files_ = 0;
    std::size_t octets_ = 0;
    bool full_ = false;
};

}  // namespace bulla::importers
