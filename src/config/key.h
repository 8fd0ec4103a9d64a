#pragma once
#include "config/config.h"
#include "config/toml.h"
#include "config/values.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// The settings of bulla.toml as tables: keys.cpp has one row a setting, from which the parser, the file that `bulla init` writes and
// docs/configuration.md are made.

namespace bulla::config {

/// Where a table was found: for errors and for relative paths.
struct Place {
    const std::string& path;       ///< of the file
    const std::string& directory;  ///< that relative paths start from
};

/// config.bad at `node`.
[[nodiscard]] std::unexpected<Error> bad_at(const Place& place,
                                            const Node& node,
                                            std::string_view why);

/// One setting of the struct S.
template <class S>
struct Key {
    std::string_view name;
    std::string_view
        type;  ///< For people: "number", "size", "time", "true or false", "text", "file", the words of a choice …
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::string_view help;
    Result<void> (*read)(S& into, const Node& node, const Key& key, const Place& place) = nullptr;
    std::string (*write)(const S& from, const Key& key) = nullptr;  ///< The value as TOML.
    void (*copy)(S& into, const S& from) = nullptr;
    bool restarts = false;  ///< A change comes into force at the next start only; else at a reload.
};

/// A setting that is read at the start and never again.
template <class S>
constexpr Key<S> at_start(Key<S> key) {
    key.restarts = true;
    return key;
}

template <class M>
struct MemberOf;

template <class S, class T>
struct MemberOf<T S::*> {
    using Struct = S;
    using Type = T;
};

template <auto member>
using StructOf = typename MemberOf<decltype(member)>::Struct;
template <auto member>
using TypeOf = typename MemberOf<decltype(member)>::Type;

/// What a whole number, size or time in TOML may be; the text form only where `parse` is given.
[[nodiscard]] Result<std::int64_t> read_number(const Node& node,
                                               const Place& place,
                                               std::pair<std::int64_t, std::int64_t> range,
                                               Result<std::int64_t> (*parse)(std::string_view));
[[nodiscard]] Result<std::string> read_text(const Node& node, const Place& place);
[[nodiscard]] Result<std::vector<std::string>> read_texts(const Node& node, const Place& place);
[[nodiscard]] Result<std::vector<Cidr>> read_networks(const Node& node, const Place& place);
[[nodiscard]] std::string write_texts(const std::vector<std::string>& texts);
/// `path` made absolute from the directory of the file; empty stays empty.
[[nodiscard]] std::string resolve(const Place& place, const std::string& path);

struct Range {
    std::int64_t least;
    std::int64_t most;
};

template <auto member,
          Result<std::int64_t> (*parse)(std::string_view) = nullptr,
          std::string (*print)(std::int64_t) = nullptr>
constexpr Key<StructOf<member>> number_key(std::string_view name,
                                           std::string_view type,
                                           Range range,
                                           std::string_view help) {
    using S = StructOf<member>;
    return {name,
            type,
            range.least,
            range.most,
            help,
            [](S& into, const Node& node, const Key<S>& key, const Place& place) -> Result<void> {
                BULLA_TRY(value, read_number(node, place, {key.least, key.most}, parse));
                into.*member = static_cast<TypeOf<member>>(value);
                return {};
            },
            [](const S& from, const Key<S>&) -> std::string {
                if constexpr (print != nullptr) {
                    return write_toml_string(print(static_cast<std::int64_t>(from.*member)));
                } else {
                    return std::to_string(from.*member);
                }
            },
            [](S& into, const S& from) { into.*member = from.*member; }};
}

template <auto member>
constexpr Key<StructOf<member>> number(std::string_view name, Range range, std::string_view help) {
    return number_key<member>(name, "number", range, help);
}

template <auto member>
constexpr Key<StructOf<member>> size(std::string_view name, Range range, std::string_view help) {
    return number_key<member, parse_size, write_size>(name, "size", range, help);
}

template <auto member>
constexpr Key<StructOf<member>> time(std::string_view name, Range range, std::string_view help) {
    return number_key<member, parse_duration, write_duration>(name, "time", range, help);
}

template <auto member>
constexpr Key<StructOf<member>> text(std::string_view name,
                                     std::string_view type,
                                     std::string_view help) {
    using S = StructOf<member>;
    return {name,
            type,
            0,
            0,
            help,
            [](S& into, const Node& node, const Key<S>&, const Place& place) -> Result<void> {
                BULLA_TRY(value, read_text(node, place));
                into.*member = value;
                return {};
            },
            [](const S& from, const Key<S>&) { return write_toml_string(from.*member); },
            [](S& into, const S& from) { into.*member = from.*member; }};
}

template <auto member>
constexpr Key<StructOf<member>> path(std::string_view name, std::string_view help) {
    using S = StructOf<member>;
    auto key = text<member>(name, "path", help);
    key.read = [](S& into, const Node& node, const Key<S>&, const Place& place) -> Result<void> {
        BULLA_TRY(value, read_text(node, place));
        into.*member = resolve(place, value);
        return {};
    };
    return key;
}

template <auto member>
constexpr Key<StructOf<member>> flag(std::string_view name, std::string_view help) {
    using S = StructOf<member>;
    return {
        name,
        "true or false",
        0,
        0,
        help,
        [](S& into, const Node& node, const Key<S>&, const Place& place) -> Result<void> {
            if (node.kind != Node::Kind::flag) {
                return bad_at(place, node, "must be true or false");
            }
            into.*member = node.flag;
            return {};
        },
        [](const S& from, const Key<S>&) -> std::string { return from.*member ? "true" : "false"; },
        [](S& into, const S& from) { into.*member = from.*member; }};
}

template <auto member>
constexpr Key<StructOf<member>> texts(std::string_view name,
                                      std::string_view type,
                                      std::string_view help) {
    using S = StructOf<member>;
    return {name,
            type,
            0,
            0,
            help,
            [](S& into, const Node& node, const Key<S>&, const Place& place) -> Result<void> {
                BULLA_TRY(value, read_texts(node, place));
                into.*member = std::move(value);
                return {};
            },
            [](const S& from, const Key<S>&) { return write_texts(from.*member); },
            [](S& into, const S& from) { into.*member = from.*member; }};
}

template <auto member>
constexpr Key<StructOf<member>> networks(std::string_view name, std::string_view help) {
    using S = StructOf<member>;
    return {name,
            "list of networks",
            0,
            0,
            help,
            [](S& into, const Node& node, const Key<S>&, const Place& place) -> Result<void> {
                BULLA_TRY(value, read_networks(node, place));
                into.*member = std::move(value);
                return {};
            },
            [](const S& from, const Key<S>&) {
                std::vector<std::string> texts;
                for (const Cidr& network : from.*member) {
                    texts.push_back(network.text());
                }
                return write_texts(texts);
            },
            [](S& into, const S& from) { into.*member = from.*member; }};
}

/// The word at `index` of "one | two | three"; empty if there is none.
[[nodiscard]] std::string_view word_at(std::string_view words, std::size_t index);
/// Which of the words `node` is.
[[nodiscard]] Result<std::size_t> read_choice(const Node& node,
                                              const Place& place,
                                              std::string_view words);

/// A member that takes one of `words` ("one | two"): an enum whose values stand in this order, or a text.
template <auto member>
constexpr Key<StructOf<member>> choice(std::string_view name,
                                       std::string_view words,
                                       std::string_view help) {
    using S = StructOf<member>;
    return {
        name,
        words,
        0,
        0,
        help,
        [](S& into, const Node& node, const Key<S>& key, const Place& place) -> Result<void> {
            BULLA_TRY(index, read_choice(node, place, key.type));
            if constexpr (std::is_enum_v<TypeOf<member>>) {
                into.*member = static_cast<TypeOf<member>>(index);
            } else {
                into.*member = std::string(word_at(key.type, index));
            }
            return {};
        },
        [](const S& from, const Key<S>& key) {
            if constexpr (std::is_enum_v<TypeOf<member>>) {
                return write_toml_string(word_at(key.type, static_cast<std::size_t>(from.*member)));
            } else {
                return write_toml_string(from.*member);
            }
        },
        [](S& into, const S& from) { into.*member = from.*member; }};
}

// The tables, in the order of the file.
[[nodiscard]] std::span<const Key<Config>> instance_keys();  ///< above all tables
[[nodiscard]] std::span<const Key<Config>> database_keys();  ///< [database]
[[nodiscard]] std::span<const Key<Config>> volume_keys();    ///< [volume]
[[nodiscard]] std::span<const Key<Listener>> listener_keys();
[[nodiscard]] std::span<const Key<Route>> route_keys();
[[nodiscard]] std::span<const Key<Limits>> limit_keys();
[[nodiscard]] std::span<const Key<Retry>> retry_keys();
[[nodiscard]] std::span<const Key<Console>> console_keys();
[[nodiscard]] std::span<const Key<Pkcs11>> pkcs11_keys();

}  // namespace bulla::config
