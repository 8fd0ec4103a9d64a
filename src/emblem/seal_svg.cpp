#include "emblem/seal_svg.h"

#include "emblem/charges.h"
#include "emblem/path.h"

#include <fmt/format.h>
#include <string_view>

namespace bulla::emblem {
namespace {

constexpr double contour = 0.955;

struct Inks {
    std::string_view wax, deep, light;
};

std::string fillets(Fillet fillet, double r, double unit, std::string_view light) {
    std::vector<double> widths;
    switch (fillet) {
        case Fillet::none:
            break;
        case Fillet::thin:
            widths = {1};
            break;
        case Fillet::thick:
            widths = {2.6};
            break;
        case Fillet::twofold:
            widths = {1, 1};
            break;
    }
    std::string out;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        out += fmt::format(
            R"(<circle cx="50" cy="50" r="{}" fill="none" stroke="{}" stroke-width="{}"/>)",
            num(r - (0.5 + 2.4 * static_cast<double>(i)) * unit),
            light,
            num(widths[i] * unit));
    }
    return out;
}

std::string fill(std::string_view ink, const std::string& path) {
    return path.empty() ? "" : fmt::format(R"(<path fill="{}" d="{}"/>)", ink, path);
}

std::string band(const Channels& c, std::string_view light) {
    std::string out;
    for (const std::string& strand : guilloche(c)) {
        out += fmt::format(
            R"(<path fill="none" stroke="{}" stroke-width="0.35" d="{}"/>)", light, strand);
    }
    return out + fill(light, ring_of_pearls(c, true, 1.3)) +
           fill(light, ring_of_pearls(c, false, 0.5));
}

}  // namespace

std::string seal_svg(const LeafHash& hash, const SealLook& look) {
    const Channels c = channels_of(hash);
    const bool large = look.cut == Cut::large;
    const double r = large ? 24 : 35;
    const std::string rim = rim_path(c.rim);
    const std::string charge = place(charge_path(c.charge), (r * (c.roundel ? 0.46 : 0.6)) / 12);
    std::string out = R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">)";
    if (look.state == SealState::blank) {
        return out + fmt::format(R"(<path fill="none" stroke="#767e81" stroke-width="2" d="{}"/>)"
                                 R"(<path fill="#767e81" fill-rule="evenodd" d="{}"/></svg>)",
                                 rim,
                                 charge);
    }
    const Inks ink = look.state == SealState::whole
                         ? Inks{.wax = "#26705a", .deep = "#154336", .light = "#f4f8f5"}
                         : Inks{.wax = "#b03a24", .deep = "#742113", .light = "#faf3f1"};
    out += fill(ink.wax, rim);
    if (large) {
        const std::string shift = num(50 - 50 * contour);
        out +=
            fmt::format(R"(<path fill="none" stroke="{}" stroke-opacity="0.45" stroke-width="0.5" )"
                        R"-(transform="matrix({} 0 0 {} {} {})" d="{}"/>)-",
                        ink.light,
                        contour,
                        contour,
                        shift,
                        shift,
                        rim);
    }
    out += fmt::format(R"(<circle cx="50" cy="50" r="{}" fill="{}"/>)",
                       num(r),
                       c.counterchanged ? ink.deep : ink.wax);
    if (const std::string field = field_path(c.field, r); !field.empty()) {
        out += fmt::format(R"(<path fill="{}" fill-rule="evenodd" d="{}"/>)",
                           c.counterchanged ? ink.wax : ink.deep,
                           field);
    }
    out += fillets(c.fillet, r, large ? 0.8 : 1, ink.light);
    out += c.roundel ? fill(ink.light, circle(r * 0.7)) : "";
    out += fmt::format(R"(<path fill="{}" fill-rule="evenodd" d="{}"/>)",
                       c.roundel ? ink.deep : ink.light,
                       charge);
    out += large ? band(c, ink.light) : "";
    out += look.state == SealState::cracked ? fill("#ffffff", crack_path(look.link)) : "";
    return out + "</svg>";
}

}  // namespace bulla::emblem
