#pragma once
#include <string>
#include <vector>

namespace bulla::authres {

/// One piece of evidence (RFC 8601 2.2, propspec), such as smtp.mailfrom=a@example.com.
struct Property {
    std::string type = {};  ///< The ptype: smtp, header, body, policy, dns, …; lower case.
    std::string name = {};  ///< Lower case.
    std::string value = {};

    auto operator<=>(const Property&) const = default;
};

/// What one method found (RFC 8601 2.2, resinfo). The words are the caller's, so that methods to come (auth, openpgp, smime) need no change here.
struct MethodResult {
    std::string method = {};  ///< spf, dkim, dmarc, arc, auth, …; lower case.
    unsigned version = 1;
    std::string result = {};   ///< pass, fail, …; lower case.
    std::string comment = {};  ///< For people; stands in parentheses behind the result.
    std::string reason = {};   ///< For people.
    std::vector<Property> properties = {};

    auto operator<=>(const MethodResult&) const = default;
};

/// The content of one Authentication-Results field.
struct Results {
    std::string authserv_id = {};
    unsigned version = 1;
    std::vector<MethodResult> methods = {};  ///< Empty: the field says "none".

    auto operator<=>(const Results&) const = default;
};

}  // namespace bulla::authres
