#include "dmarc/walk.h"

#include "mail/message.h"

#include <algorithm>
#include <utility>

namespace bulla::dmarc {

namespace {

constexpr std::size_t longest_name = 253;

std::size_t count_labels(std::string_view name) {
    return static_cast<std::size_t>(std::ranges::count(name, '.')) + 1;
}

std::string_view without_first_label(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

// Looks for the record of `domain`. False if the question has no answer yet.
bool look_up(Walk& walk, std::string_view domain, std::span<const dns::DnsAnswer> answers) {
    const dns::DnsQuestion question{.type = dns::RecordType::txt,
                                    .name = "_dmarc." + std::string(domain)};
    if (question.name.size() > longest_name) {
        return true;  // No such name can exist.
    }
    const dns::DnsAnswer* answer = find_answer(answers, question);
    if (answer == nullptr) {
        walk.missing.push_back(question);
        return false;
    }
    if (answer->is_temporary_failure()) {
        walk.failed = true;
        return true;
    }
    std::vector<std::string> texts = dns::texts(*answer);
    std::erase_if(texts, [](const std::string& text) { return !is_record(text); });
    // RFC 9989 4.10: "If multiple DMARC Policy Records are returned for a single target, they are all discarded."
    if (texts.size() != 1) {
        return true;
    }
    if (auto record = parse_record(texts.front())) {
        walk.records.push_back({.domain = std::string(domain),
                                .text = std::move(texts.front()),
                                .record = *std::move(record)});
    }
    return true;
}

// RFC 9989 4.10.2: the organisational domain by the records that were found.
std::string select_organization(const std::string& start, const std::vector<FoundRecord>& records) {
    for (const FoundRecord& found : records) {
        if (found.record.public_suffix == PublicSuffix::no) {
            return found.domain;
        }
        if (found.record.public_suffix == PublicSuffix::yes && found.domain != start) {
            // The domain one label below the public suffix.
            std::string_view name = start;
            while (count_labels(name) > count_labels(found.domain) + 1) {
                name = without_first_label(name);
            }
            return std::string(name);
        }
    }
    // RFC 9989 4.10.2: "Otherwise, select the DMARC Policy Record found at the name with the fewest number of labels."
    return records.empty() ? start : records.back().domain;
}

}  // namespace

const FoundRecord* Walk::find(std::string_view domain) const {
    const auto found = std::ranges::find(records, domain, &FoundRecord::domain);
    return found == records.end() ? nullptr : &*found;
}

const dns::DnsAnswer* find_answer(std::span<const dns::DnsAnswer> answers,
                                  const dns::DnsQuestion& question) {
    const auto found = std::ranges::find_if(answers, [&](const dns::DnsAnswer& one) {
        return one.type == question.type && mail::equal_ignoring_case(one.name, question.name);
    });
    return found == answers.end() ? nullptr : &*found;
}

std::vector<std::string> names_to_walk(const DomainName& domain) {
    std::vector<std::string> names{domain.ascii()};
    std::string_view name = domain.ascii();
    // RFC 9989 4.10: "If x >= 8, remove the left-most (highest-numbered) labels from the subject domain until 7 labels remain."
    do {
        name = without_first_label(name);
    } while (count_labels(name) >= most_walked_names);
    for (; !name.empty(); name = without_first_label(name)) {
        names.emplace_back(name);
    }
    return names;
}

Walk walk_tree(const DomainName& domain, std::span<const dns::DnsAnswer> answers) {
    Walk walk;
    for (const std::string& name : names_to_walk(domain)) {
        const std::size_t before = walk.records.size();
        if (!look_up(walk, name, answers) || walk.records.size() == before) {
            continue;
        }
        // RFC 9989 4.10: "If a single record remains and it contains a 'psd=n' or 'psd=y' tag, stop."
        if (walk.records.back().record.public_suffix != PublicSuffix::unknown) {
            break;
        }
    }
    walk.organization = select_organization(domain.ascii(), walk.records);
    return walk;
}

Walk walk_by_list(const DomainName& domain,
                  const SuffixList& list,
                  std::span<const dns::DnsAnswer> answers) {
    Walk walk;
    const auto registered = list.registered_part(domain);
    walk.organization = registered ? registered->ascii() : domain.ascii();
    (void)look_up(walk, domain.ascii(), answers);
    if (walk.organization != domain.ascii()) {
        (void)look_up(walk, walk.organization, answers);
    }
    return walk;
}

}  // namespace bulla::dmarc
