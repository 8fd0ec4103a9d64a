#include "importers/plan.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::importers {

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::differs:
            return "differs";
        case Severity::note:
            return "note";
    }
    return "";
}

std::string write_finding(const Finding& finding) {
    const auto& [file, line, column] = finding.place;
    if (file.empty()) {
        return finding.text;
    }
    return line == 0 ? fmt::format("{}: {}", file, finding.text)
                     : fmt::format("{}:{}:{}: {}", file, line, column, finding.text);
}

std::size_t ImportPlan::count(Severity severity) const {
    return static_cast<std::size_t>(
        std::ranges::count(findings, severity, [](const Finding& one) { return one.severity; }));
}

}  // namespace bulla::importers
