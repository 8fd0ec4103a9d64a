#include "names/message_id.h"
#include "services/table.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::services {
namespace {

constexpr std::size_t most_hits = 20;
constexpr std::size_t most_of_a_kind = 5;
constexpr std::size_t max_query = 200;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

/// Gathers what fits; what begins with the query comes before what only contains it.
class Hits {
  public:
    explicit Hits(const std::string& query) : query_(lower(query)) {}

    void offer(std::string_view kind,
               const std::string& id,
               const std::string& title,
               const std::string& detail,
               const std::string& page) {
        const auto at = lower(title).find(query_);
        if (at == std::string::npos && lower(detail).find(query_) == std::string::npos) {
            return;
        }
        if (std::ranges::count(items_, kind, [](const Item& item) { return item.kind; }) <
            static_cast<std::ptrdiff_t>(most_of_a_kind)) {
            add(kind, id, title, detail, page, at == 0 ? 0 : 1);
        }
    }

    void add(std::string_view kind,
             const std::string& id,
             const std::string& title,
             const std::string& detail,
             const std::string& page,
             int rank) {
        items_.push_back({.rank = rank,
                          .order = items_.size(),
                          .kind = std::string(kind),
                          .hit = {{"kind", kind},
                                  {"id", id},
                                  {"title", title},
                                  {"detail", detail},
                                  {"page", page}}});
    }

    [[nodiscard]] json finish() {
        std::ranges::sort(
            items_, {}, [](const Item& item) { return std::pair(item.rank, item.order); });
        auto out = json::array();
        for (std::size_t i = 0; i < std::min(items_.size(), most_hits); ++i) {
            out.push_back(std::move(items_[i].hit));
        }
        return out;
    }

  private:
    struct Item {
        int rank;
        std::size_t order;
        std::string kind;
        json hit;
    };

    std::string query_;
    std::vector<Item> items_;
};

void offer_directory(const directory::Snapshot& snapshot, Hits& hits) {
    for (const auto& [name, domain] : snapshot.domains) {
        hits.offer("domain", name, name, "", "/domains/" + name);
    }
    for (const auto& [login, account] : snapshot.accounts_by_login) {
        hits.offer("account", login, login, account->address.text(), "/accounts/" + login);
    }
    for (const auto& group : snapshot.groups) {
        hits.offer("group", group.name, group.name, "", "/groups/" + group.name);
    }
    for (const auto& [id, signer] : snapshot.signers) {
        hits.offer("signer", id, id, signer.algorithm, "/signers/" + id);
    }
    for (const auto& [domain, keys] : snapshot.dkim_keys) {
        for (const auto& key : keys) {
            hits.offer("dkim_key",
                       domain + "/" + key.selector.text(),
                       key.selector.text() + "._domainkey." + domain,
                       "",
                       "/domains/" + domain);
        }
    }
}

// A list call's answer as hits; one that fails (nothing of that form) has none.
void add_messages(const Result<json>& found, Hits& hits) {
    if (!found || !found->contains("items")) {
        return;
    }
    for (const auto& item : (*found)["items"]) {
        const auto id = item.value("id", "");
        hits.add("message",
                 id,
                 item.value("subject", ""),
                 fmt::format(
                     "{} {}", item.value("received", "").substr(0, 10), item.value("sender", "")),
                 "/messages/" + id,
                 2);
    }
}

void find_messages(ServiceContext& context,
                   const Caller& caller,
                   const std::string& query,
                   Hits& hits) {
    if (MessageId::parse(query)) {
        if (const auto found = show_message(context, caller, {{"id", query}})) {
            hits.add("message", query, found->value("subject", ""), query, "/messages/" + query, 0);
        }
        return;
    }
    if (query.find('@') != std::string::npos) {
        for (const auto* member : {"sender", "recipient"}) {
            add_messages(
                list_messages(context, caller, {{member, query}, {"limit", most_of_a_kind}}), hits);
        }
    } else if (query.size() >= 3) {
        add_messages(
            list_messages(context, caller, {{"subject", query}, {"limit", most_of_a_kind}}), hits);
    }
}

}  // namespace

// {"q"} → {"items": [{"kind", "id", "title", "detail", "page"}]}, best first, at most 20. Reads what administrators and auditors may read.
Result<json> search_all(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(query, in.text("q", max_query));
    BULLA_CHECK(in.finish());
    Hits hits(query);
    offer_directory(*context.snapshots.current(), hits);
    BULLA_TRY(settings, list_setting_values(context, caller, json::object()));
    for (const auto& setting : settings) {
        const auto name = setting.value("name", "");
        hits.offer("setting", name, name, setting.value("description", ""), "/settings?q=" + name);
    }
    find_messages(context, caller, query, hits);
    return json{{"items", hits.finish()}};
}

}  // namespace bulla::services
