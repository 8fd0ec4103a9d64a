#include "archive/summary.h"

#include <nlohmann/json.hpp>

namespace bulla::archive {

namespace {

using nlohmann::json;

constexpr std::size_t max_text = 1000;
constexpr std::size_t max_list = 200;

std::string cut(const std::string& text) {
    return text.substr(0, max_text);
}

json cut_list(const std::vector<std::string>& texts) {
    auto list = json::array();
    for (std::size_t i = 0; i < std::min(texts.size(), max_list); ++i) {
        list.push_back(cut(texts[i]));
    }
    return list;
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> list_of(const json& object, const char* name) {
    std::vector<std::string> texts;
    if (const auto found = object.find(name); found != object.end() && found->is_array()) {
        for (const auto& text : *found) {
            if (text.is_string() && texts.size() < max_list) {
                texts.push_back(text.get<std::string>());
            }
        }
    }
    return texts;
}

}  // namespace

std::string write_summary(const Summary& summary) {
    const json object{{"subject", cut(summary.subject)},
                      {"from", cut(summary.from)},
                      {"to", cut_list(summary.to)},
                      {"cc", cut_list(summary.cc)},
                      {"recipients", cut_list(summary.recipients)},
                      {"message_id", cut(summary.message_id)},
                      {"date", cut(summary.date)},
                      {"role", summary.role},
                      {"login", cut(summary.login)},
                      {"sender", cut(summary.sender)},
                      {"direction", summary.direction},
                      {"groups", cut_list(summary.groups)},
                      {"client_ip", summary.client_ip},
                      {"client_name", cut(summary.client_name)},
                      {"helo", cut(summary.helo)},
                      {"tls", cut(summary.tls)}};
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Summary> parse_summary(std::string_view text) {
    const auto object = json::parse(text, nullptr, false);
    if (!object.is_object()) {
        return fail("catalogue.bad", Fault::us, "the summary of a message is no JSON object");
    }
    return Summary{.subject = text_of(object, "subject"),
                   .from = text_of(object, "from"),
                   .to = list_of(object, "to"),
                   .cc = list_of(object, "cc"),
                   .recipients = list_of(object, "recipients"),
                   .message_id = text_of(object, "message_id"),
                   .date = text_of(object, "date"),
                   .role = text_of(object, "role"),
                   .login = text_of(object, "login"),
                   .sender = text_of(object, "sender"),
                   .direction = text_of(object, "direction"),
                   .groups = list_of(object, "groups"),
                   .client_ip = text_of(object, "client_ip"),
                   .client_name = text_of(object, "client_name"),
                   .helo = text_of(object, "helo"),
                   .tls = text_of(object, "tls")};
}

}  // namespace bulla::archive
