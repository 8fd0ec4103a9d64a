#include "archive/summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

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

/// The members of a summary by their names in JSON.
struct TextMember {
    std::string_view name;
    std::string Summary::* member;
};

struct ListMember {
    std::string_view name;
    std::vector<std::string> Summary::* member;
};

constexpr TextMember text_members[] = {{"subject", &Summary::subject},
                                       {"from", &Summary::from},
                                       {"message_id", &Summary::message_id},
                                       {"date", &Summary::date},
                                       {"role", &Summary::role},
                                       {"login", &Summary::login},
                                       {"sender", &Summary::sender},
                                       {"direction", &Summary::direction},
                                       {"client_ip", &Summary::client_ip},
                                       {"client_name", &Summary::client_name},
                                       {"helo", &Summary::helo},
                                       {"tls", &Summary::tls}};
constexpr ListMember list_members[] = {{"to", &Summary::to},
                                       {"cc", &Summary::cc},
                                       {"recipients", &Summary::recipients},
                                       {"groups", &Summary::groups}};

/// Fills a Summary while the text is read: lists parse thousands a second. What has another type than a summary's is passed over.
class SummaryReader final : public json::json_sax_t {
  public:
    [[nodiscard]] bool is_object() const { return is_object_; }

    [[nodiscard]] Summary take() { return std::move(summary_); }

    bool null() override { return true; }

    bool boolean(bool) override { return true; }

    bool number_integer(number_integer_t) override { return true; }

    bool number_unsigned(number_unsigned_t) override { return true; }

    bool number_float(number_float_t, const string_t&) override { return true; }

    bool binary(binary_t&) override { return true; }

    bool string(string_t& text) override {
        if (depth_ == 1 && text_ != nullptr) {
            *text_ = std::move(text);
        } else if (depth_ == 2 && in_list_ && list_->size() < max_list) {
            list_->push_back(std::move(text));
        }
        return true;
    }

    bool key(string_t& name) override {
        if (depth_ == 1) {
            text_ = nullptr;
            list_ = nullptr;
            for (const auto& [known, member] : text_members) {
                text_ = name == known ? &(summary_.*member) : text_;
            }
            for (const auto& [known, member] : list_members) {
                list_ = name == known ? &(summary_.*member) : list_;
            }
        }
        return true;
    }

    bool start_object(std::size_t) override {
        is_object_ = is_object_ || depth_ == 0;
        ++depth_;
        return depth_ <= max_depth;
    }

    bool end_object() override {
        --depth_;
        return true;
    }

    bool start_array(std::size_t) override {
        in_list_ = depth_ == 1 && is_object_ && list_ != nullptr;
        if (in_list_) {
            list_->clear();
        }
        ++depth_;
        return depth_ <= max_depth;
    }

    bool end_array() override {
        --depth_;
        in_list_ = false;
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const json::exception&) override {
        return false;
    }

  private:
    static constexpr int max_depth = 16;

    Summary summary_;
    std::string* text_ = nullptr;               ///< The member that the last key names.
    std::vector<std::string>* list_ = nullptr;  ///< The same for lists.
    bool in_list_ = false;
    bool is_object_ = false;
    int depth_ = 0;
};

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
    SummaryReader reader;
    if (!json::sax_parse(text, &reader) || !reader.is_object()) {
        return fail("catalogue.bad", Fault::us, "the summary of a message is no JSON object");
    }
    return reader.take();
}

}  // namespace bulla::archive
