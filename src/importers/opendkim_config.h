#pragma once
#include "importers/builder.h"
#include "importers/opendkim_options.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::importers {

/// An option as it was last set; that one counts.
struct OpendkimValue {
    const OpendkimOption* option = nullptr;
    std::string_view text;  ///< In `source`.
    Place place;            ///< Of the value.
    std::shared_ptr<const SecretBytes> source;
};

/// An opendkim.conf and what it includes.
class OpendkimConfig {
  public:
    /// Reads `path`; what is wrong in it becomes errors of `plan`, and the rest is read all the same.
    [[nodiscard]] static OpendkimConfig read(PlanBuilder& plan, const std::string& path);

    [[nodiscard]] const OpendkimValue* find(std::string_view name) const;
    /// The value, or `missing` if the option is not set.
    [[nodiscard]] std::string_view text(std::string_view name, std::string_view missing = {}) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    /// Its place, else that of the file.
    [[nodiscard]] Place place(std::string_view name) const;
    /// A path as the options name it: relative ones are below BaseDirectory, else beside the file.
    [[nodiscard]] std::string path_of(std::string_view text) const;

    [[nodiscard]] const std::vector<OpendkimValue>& values() const { return values_; }

  private:
    void read_file(PlanBuilder& plan, const std::string& path, const Place& from, int depth);
    void read_line(PlanBuilder& plan,
                   const std::shared_ptr<const SecretBytes>& source,
                   std::string_view line,
                   const Place& place,
                   int depth);
    void keep(OpendkimValue value);

    std::string file_;
    std::vector<OpendkimValue> values_;
    std::size_t files_ = 0;
};

/// A line of a data set.
struct SetEntry {
    std::string_view key;
    std::string_view value;  ///< Empty if it has none. May be a private key: never say it.
    Place place;
};

/// What an option of the type "dataset" names (opendkim(8), DATA SETS).
struct DataSet {
    bool patterns = false;  ///< refile: the keys are patterns.
    std::vector<SetEntry> entries;
    std::shared_ptr<const SecretBytes> source;  ///< What the entries are views into.
};

inline constexpr std::size_t most_set_entries = 100'000;

/// Reads the set that `option` names. Nothing if it is not set, or if it cannot be read, which is then an error of `plan`.
[[nodiscard]] std::optional<DataSet> read_data_set(PlanBuilder& plan,
                                                   const OpendkimConfig& config,
                                                   std::string_view option);

/// Whether `text` matches `pattern`, in which * is any text, whatever the case. Linear in their product at most.
[[nodiscard]] bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace bulla::importers
