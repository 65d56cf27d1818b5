//===- ExplainPage.cpp - an explanation as a page of plots ----------------===//
//
// One HTML file with inline SVG: no script, no font, no picture from anywhere.
//
//===----------------------------------------------------------------------===//

#include "frontends/cli/Explain.h"

#include <algorithm>
#include <array>
#include <map>

using namespace seqc;
using namespace seqc::cli;

static constexpr std::array<const char *, 8> kColours = {
    "#3366cc", "#dc5a29", "#2e9e5b", "#8e44ad",
    "#c29b00", "#0099a8", "#b0306a", "#666666"};
static constexpr double kWidth = 860, kLeft = 60, kRight = 20;

static std::string escape(const std::string &text) {
  std::string safe;
  for (char c : text) {
    switch (c) {
    case '<':
      safe += "&lt;";
      break;
    case '>':
      safe += "&gt;";
      break;
    case '&':
      safe += "&amp;";
      break;
    case '"':
      safe += "&quot;";
      break;
    default:
      safe += c;
    }
  }
  return safe;
}

static std::string number(double value, int digits = 1) {
  return formatNumber(value, digits);
}

static std::string svgText(double x, double y, const std::string &text,
                           const char *anchor = "start") {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) +
         "\" text-anchor=\"" + anchor + "\">" + escape(text) + "</text>";
}

static std::string svgRect(double x, double y, double width, double height,
                           const std::string &style, const std::string &title) {
  return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" +
         number(std::max(width, 0.5)) + "\" height=\"" + number(height) +
         "\" " + style + "><title>" + escape(title) + "</title></rect>";
}

static std::string svg(double height, const std::string &content) {
  return "<svg viewBox=\"0 0 " + number(kWidth, 0) + " " + number(height, 0) +
         "\" role=\"img\">" + content + "</svg>\n";
}

//===----------------------------------------------------------------------===//
// Density over calls
//===----------------------------------------------------------------------===//

static std::string densityPlot(const Explanation &about) {
  constexpr double kTop = 10, kHeight = 180;
  std::string content;
  for (int tick = 0; tick <= 4; ++tick) {
    double y = kTop + kHeight * (1 - tick / 4.0);
    content +=
        "<line class=\"grid\" x1=\"" + number(kLeft) + "\" x2=\"" +
        number(kWidth - kRight) + "\" y1=\"" + number(y) + "\" y2=\"" +
        number(y) + "\"/>" +
        svgText(kLeft - 6, y + 4, std::to_string(25 * tick) + " %", "end");
  }
  double x = kLeft;
  for (size_t g = 0; g < about.gates.size(); ++g) {
    const GateCurve &gate = about.gates[g];
    std::string colour = kColours[g % kColours.size()], points;
    double step = (kWidth - kLeft - kRight) /
                  double(std::max<size_t>(1, gate.density.size() - 1));
    for (size_t i = 0; i < gate.density.size(); ++i)
      points += number(kLeft + step * double(i)) + "," +
                number(kTop + kHeight * (1 - gate.density[i])) + " ";
    content += "<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"" +
               colour + "\" points=\"" + points + "\"/>";
    std::string label =
        gate.layer + " (" + number(100 * meanOf(gate.density)) + " %)";
    content += svgRect(x, kTop + kHeight + 24, 12, 12,
                       "fill=\"" + colour + "\"", label) +
               svgText(x + 17, kTop + kHeight + 34, label);
    x += 40 + 7.2 * double(label.size());
    if (x > kWidth - 150)
      x = kWidth - 150;
  }
  content += svgText(kLeft, kTop + kHeight + 15, "call 1") +
             svgText(kWidth - kRight, kTop + kHeight + 15,
                     "call " + std::to_string(about.calls), "end");
  return svg(kTop + kHeight + 45, content);
}

//===----------------------------------------------------------------------===//
// Time of each layer against the machine
//===----------------------------------------------------------------------===//

namespace {
struct LayerTime {
  double alwaysMs = 0, gatedMs = 0, limitMs = 0;
};
} // namespace

static std::string timesPlot(const Explanation &about) {
  std::vector<std::string> order;
  std::map<std::string, LayerTime> layers;
  for (const ExplainStep &step : about.steps) {
    std::string name = step.layer.empty() ? "outside layers" : step.layer;
    if (!layers.count(name))
      order.push_back(name);
    (step.gated ? layers[name].gatedMs : layers[name].alwaysMs) += step.ms;
    layers[name].limitMs += step.limitMs;
  }
  double most = 1e-9;
  for (const auto &[name, time] : layers)
    most = std::max(most, time.alwaysMs + time.gatedMs);
  constexpr double kBar = 22, kNames = 150;
  double scale = (kWidth - kNames - 190) / most, y = 6;
  std::string content;
  for (const std::string &name : order) {
    const LayerTime &time = layers[name];
    double total = time.alwaysMs + time.gatedMs;
    content +=
        svgText(kNames - 8, y + 15, name, "end") +
        svgRect(kNames, y, scale * time.alwaysMs, kBar, "fill=\"#3366cc\"",
                "always on: " + number(1e3 * time.alwaysMs) + " us") +
        svgRect(kNames + scale * time.alwaysMs, y, scale * time.gatedMs, kBar,
                "fill=\"#dc5a29\"",
                "by activated rows: " + number(1e3 * time.gatedMs) + " us") +
        svgRect(kNames, y + kBar - 5, scale * time.limitMs, 5,
                "fill=\"#111\" fill-opacity=\"0.55\"",
                "limit of this machine: " + number(1e3 * time.limitMs) +
                    " us") +
        svgText(kNames + scale * total + 8, y + 15,
                number(1e3 * total) + " us, " +
                    number(total > 0 ? 100 * time.limitMs / total : 0, 0) +
                    " % of limit");
    y += kBar + 8;
  }
  content += svgRect(kNames, y + 4, 12, 12, "fill=\"#3366cc\"", "always on") +
             svgText(kNames + 17, y + 14, "always on") +
             svgRect(kNames + 110, y + 4, 12, 12, "fill=\"#dc5a29\"", "gated") +
             svgText(kNames + 127, y + 14, "work of activated rows") +
             svgRect(kNames + 300, y + 8, 12, 5,
                     "fill=\"#111\" fill-opacity=\"0.55\"", "limit") +
             svgText(kNames + 317, y + 14, "what the machine needs at least");
  return svg(y + 26, content);
}

//===----------------------------------------------------------------------===//
// Timeline of compiles
//===----------------------------------------------------------------------===//

static std::string timeline(const Explanation &about) {
  if (about.compiles.empty())
    return "<p>No variant was compiled.</p>\n";
  double first = about.compiles.front().startMs, last = first;
  for (const VariantCompile &compile : about.compiles) {
    first = std::min(first, compile.startMs);
    last = std::max(last, compile.endMs);
  }
  constexpr double kBar = 9;
  double scale = (kWidth - kLeft - kRight) / std::max(last - first, 1e-3);
  double y = 4;
  std::string content;
  for (const VariantCompile &compile : about.compiles) {
    double begin = kLeft + scale * (compile.startMs - first);
    double width = scale * (compile.endMs - compile.startMs);
    std::string label = compile.kernel + " " + compile.variant + ", " +
                        number(compile.endMs - compile.startMs) + " ms" +
                        (compile.ok ? "" : ", failed");
    // Labels grow to the side that has room.
    bool right = begin < kWidth / 2;
    content +=
        svgText(right ? begin : begin + width, y + 11, label,
                right ? "start" : "end") +
        svgRect(begin, y + 15, width, kBar,
                compile.ok ? "fill=\"#2e9e5b\"" : "fill=\"#c0392b\"", label);
    y += kBar + 22;
  }
  content += svgText(kLeft, y + 14, number(first) + " ms") +
             svgText(kWidth - kRight, y + 14, number(last) + " ms", "end");
  return svg(y + 20, content);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

static std::string row(const std::vector<std::string> &cells,
                       const char *tag = "td") {
  std::string text = "<tr>";
  for (const std::string &cell : cells)
    text += std::string("<") + tag + ">" + escape(cell) + "</" + tag + ">";
  return text + "</tr>\n";
}

static std::string stepsTable(const Explanation &about) {
  std::string text = "<table>" + row({"step", "layer", "ran", "us", "Mflop",
                                      "kB", "of limit", "left out if"},
                                     "th");
  for (const ExplainStep &step : about.steps)
    text += row({step.kernel, step.layer, step.variant, number(1e3 * step.ms),
                 number(step.flops / 1e6, 2), number(step.bytes / 1e3),
                 step.ms > 0 && step.limitMs > 0
                     ? number(100 * step.limitMs / step.ms, 0) + " %"
                     : "",
                 idleText(step)});
  return text + "</table>\n";
}

static std::string variantsTable(const Explanation &about) {
  std::string text =
      "<table>" +
      row({"kernel", "layer", "variant", "state", "calls", "ran", "generic us",
           "variant us", "compile ms", "from", "why", "runs where"},
          "th");
  for (const SiteVariants &site : about.sites)
    for (const VariantInfo &variant : site.variants) {
      if (variant.state == "unseen")
        continue;
      bool code = !variant.origin.empty();
      text += row({site.kernel, site.layer, variant.name, variant.state,
                   std::to_string(variant.calls), std::to_string(variant.ran),
                   variant.measured ? number(variant.currentUs, 2) : "",
                   variant.measured ? number(variant.candidateUs, 2) : "",
                   code ? number(variant.compileMs) : "", variant.origin,
                   reasonOf(variant), variant.guard});
    }
  return text + "</table>\n";
}

static constexpr const char *kStyle =
    "body{font:15px/1.45 system-ui,sans-serif;max-width:1100px;margin:2em "
    "auto;padding:0 1em;color:#222}h1{font-size:1.5em}h2{font-size:1.15em;"
    "margin-top:2em}svg{width:100%;max-width:980px;font:12px "
    "system-ui,sans-serif}svg .grid{stroke:#ddd}table{border-collapse:collapse;"
    "font-size:13px;display:block;overflow-x:auto}td,th{padding:3px "
    "10px;border-bottom:1px solid #ddd;text-align:left;white-space:nowrap}"
    "pre{overflow-x:auto;background:#f6f6f6;padding:1em;font-size:12px}"
    "dl{display:grid;grid-template-columns:max-content auto;gap:2px "
    "1.5em}dd{margin:0}";

std::string cli::explainPage(const Explanation &about,
                             const std::string &plan) {
  const CompileStats &compile = about.compile;
  auto fact = [](const char *name, const std::string &value) {
    return std::string("<dt>") + name + "</dt><dd>" + escape(value) + "</dd>";
  };
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
      escape(about.model) + "</title>\n<style>" + kStyle +
      "</style></head><body>\n<h1>" + escape(about.model) + "</h1>\n<dl>" +
      fact("target", about.target + ", " + std::to_string(about.threads) +
                         (about.threads == 1 ? " thread" : " threads")) +
      fact("calls", std::to_string(about.calls) + " of " +
                        std::to_string(about.tokens) + " tokens in " +
                        std::to_string(about.sequences) +
                        (about.sequences == 1 ? " sequence" : " sequences")) +
      fact("kernels", std::to_string(compile.kernels) + ", " +
                          std::to_string(compile.kernelsCompiled) +
                          " compiled, " + number(compile.totalMs) + " ms, " +
                          (compile.warm ? "warm" : "cold")) +
      fact("machine", number(about.machine.fmaGflops) + " Gflop/s, " +
                          number(about.machine.expGops, 2) + " Gexp/s, " +
                          number(about.machine.readGbs) + " GB/s on a thread") +
      fact("fingerprint", about.fingerprint) + "</dl>\n";
  if (!about.gates.empty())
    page += "<h2>Active rows over the calls</h2>\n" + densityPlot(about);
  page += "<h2>Time of each layer against this machine's limit</h2>\n" +
          timesPlot(about) + "<h2>Compiles of variants</h2>\n" +
          timeline(about);
  if (!about.sites.empty())
    page += "<h2>Variants</h2>\n" + variantsTable(about);
  return page + "<h2>Steps of a call, least times</h2>\n" + stepsTable(about) +
         "<h2>Plan</h2>\n<details><summary>kernels, buffers, steps</summary>"
         "<pre>" +
         escape(plan) + "</pre></details>\n</body></html>\n";
}
