#pragma once
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::cli {

/// `text` safe for a terminal: control characters and broken UTF-8 become U+FFFD, so that the text of a mail cannot steer the screen.
[[nodiscard]] std::string printable(std::string_view text);

/// Rows under a heading, columns aligned, two spaces between; cells go through printable().
class Table {
  public:
    explicit Table(std::vector<std::string> heading);
    /// As many cells as the heading has.
    void add(std::vector<std::string> cells);
    /// Prints nothing but `empty` and a line end if there are no rows.
    void print(std::ostream& out, std::string_view empty) const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

/// One JSON document, indented by two, with a line end; broken UTF-8 is replaced.
void print_json(std::ostream& out, const nlohmann::json& value);

}  // namespace bulla::cli
