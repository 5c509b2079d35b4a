// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_map>

#include "graph/sources.h"

namespace smartswitch::graph {
namespace {

constexpr std::size_t kMostNesting = 64;
constexpr std::size_t kMostNodes = 250'000;

/// A fault found by the Builder. It leaves yaml-cpp's parser the way yaml-cpp's own do.
class Refused : public YAML::ParserException {
 public:
  Refused(const YAML::Mark& at, const std::string& message, std::string what_to_do)
      : YAML::ParserException(at, message), hint(std::move(what_to_do)) {}
  std::string hint;
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string file, std::string_view text, Report& report) : file_(std::move(file)), text_(text), report_(&report) {}

  /// Where the innermost list or map that is not closed begins.
  [[nodiscard]] std::optional<Location> innermost() const { return open_.empty() ? std::nullopt : std::optional(open_.back().where); }

  [[nodiscard]] Location place(const YAML::Mark& mark) const {
    if (mark.is_null()) return {file_, 1, 1};
    return {file_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
  }
  std::optional<Value> root;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refused(mark, "a second YAML document starts here", "a file holds one; use `include` for more files");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    if (awaits_key()) throw Refused(mark, "a key is missing here", "write `name: value`");
    // The mark of an absent value is that of whatever comes next.
    take(Value::null(open_.empty() || !open_.back().is_map ? place(mark) : open_.back().key_place));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    check(mark, tag, anchor);
    if (tag == "!" && !is_closed(mark)) throw Refused(mark, "bad YAML: a quote is not closed", "");
    if (!awaits_key()) {
      take(Value(text, place(mark)));
      return;
    }
    if (text == "<<") throw Refused(mark, "merge keys (`<<`) are not supported", "use a template");
    Frame& frame = open_.back();
    frame.key = text;
    frame.key_place = place(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, false);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, true);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A list or map whose end has not come yet.
  struct Frame {
    bool is_map = false;
    Location where;
    std::vector<Value> items;
    std::vector<Value::Member> members;
    std::unordered_map<std::string, Location> seen;
    std::optional<std::string> key;
    Location key_place;
  };

  /// yaml-cpp lets a quoted text end with the file.
  [[nodiscard]] bool is_closed(const YAML::Mark& mark) const {
    const auto start = static_cast<std::size_t>(mark.pos);
    if (start >= text_.size()) return true;
    const char quote = text_[start];
    if (quote == '\'') return text_.find(quote, start + 1) != std::string_view::npos;
    if (quote != '"') return true;
    for (std::size_t i = start + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) return true;
      if (text_[i] == '\\') ++i;
    }
    return false;
  }

  [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
    throw Refused(mark, "anchors and aliases (`&`, `*`) are not supported",
                  "use a template or a variable; a text that starts with one of them needs quotes");
  }
  [[nodiscard]] bool awaits_key() const { return !open_.empty() && open_.back().is_map && !open_.back().key; }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse_anchor(mark);
    if (!tag.empty() && tag != "?" && tag != "!") throw Refused(mark, "tags (`!`) are not supported", "leave the tag out");
    if (++nodes_ > kMostNodes) throw Refused(mark, fmt::format("the file has more than {} values", kMostNodes), "");
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_map) {
    check(mark, tag, anchor);
    if (awaits_key()) throw Refused(mark, "a key must be a text", "a text that starts with `[` or `{` needs quotes");
    if (open_.size() >= kMostNesting) throw Refused(mark, fmt::format("lists and maps are nested more than {} deep", kMostNesting), "");
    Frame& frame = open_.emplace_back();
    frame.is_map = is_map;
    frame.where = place(mark);
  }
  void close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    take(frame.is_map ? Value::map(std::move(frame.members), frame.where) : Value::list(std::move(frame.items), frame.where));
  }
  void take(Value value) {
    if (open_.empty()) {
      root = std::move(value);
      return;
    }
    Frame& frame = open_.back();
    if (!frame.is_map) {
      frame.items.push_back(std::move(value));
      return;
    }
    const auto [first, is_new] = frame.seen.emplace(*frame.key, frame.key_place);
    if (is_new) {
      frame.members.emplace_back(*frame.key, std::move(value), frame.key_place);
    } else if (!report_->full()) {
      report_->twice(*frame.key, frame.key_place, first->second);
    }
    frame.key.reset();
  }

  std::string file_;
  std::string_view text_;
  Report* report_;
  std::vector<Frame> open_;
  std::size_t nodes_ = 0;
  unsigned documents_ = 0;
};

struct Wording {
  std::string_view theirs;
  std::string_view ours;
  std::string_view hint;
};

constexpr Wording kWordings[] = {
    {"end of map not found", "this line does not belong to the map above it", "lines of one map start in the same column"},
    {"end of sequence not found", "this line does not belong to the list above it",
     "items of one list start with `- ` in the same column; a text that starts with `[` or `{` needs quotes"},
    {"end of map flow not found", "this `{` is not closed", "close it with `}`; put `,` between its members"},
    {"end of sequence flow not found", "this `[` is not closed", "close it with `]`; put `,` between its items"},
    {"illegal map value", "a `:` is not possible here", "look at the indentation; a text with `: ` in it needs quotes"},
    {"illegal block entry", "a list item (`- `) is not possible here", "items of one list start in the same column"},
    {"illegal flow end", "a `]` or `}` closes nothing", ""},
    {"illegal tab when looking for indentation", "a tab is used to indent", "indent with spaces"},
    {"illegal EOF in scalar", "a quote is not closed", ""},
    {"unknown token", "no value starts with this character", "put the text in quotes"},
};

/// What people who know YAML less well than yaml-cpp most likely meant by the line.
std::string likely_hint(std::string_view line, std::string_view otherwise) {
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) return "indent with spaces, not with tabs";
  const std::size_t arrow = line.find("->");
  if (arrow != std::string_view::npos && line.substr(0, arrow).find('[') != std::string_view::npos) {
    return "write a connection from several outputs without brackets: `a.x, b.y -> c`";
  }
  if (line.find("${") != std::string_view::npos) return "between `{` and `}`, a text with a variable needs quotes: `\"${NAME}\"`";
  return std::string(otherwise);
}

void report_bad_yaml(const YAML::Exception& fault, const Builder& builder, const std::string& text, Report& report) {
  Location where = builder.place(fault.mark);
  Sources source;
  source.add(where.file, text);
  for (const Wording& wording : kWordings) {
    if (fault.msg != wording.theirs) continue;
    if (wording.ours.ends_with("is not closed") && builder.innermost()) where = *builder.innermost();
    report.fault(where, fmt::format("bad YAML: {}", wording.ours), likely_hint(source.line(where), wording.hint));
    return;
  }
  report.fault(where, "bad YAML: " + fault.msg, likely_hint(source.line(where), ""));
}

}  // namespace

std::optional<Value> read_yaml(const std::string& text, const std::string& name, Report& report) {
  if (std::string fault = fault_of_text(text); !fault.empty()) {
    report.fault({name, 0, 0}, std::move(fault));
    return std::nullopt;
  }
  Builder builder(name, text, report);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    report.fault(builder.place(refused.mark), refused.msg, refused.hint);
    return std::nullopt;
  } catch (const YAML::Exception& fault) {
    report_bad_yaml(fault, builder, text, report);
    return std::nullopt;
  }
  if (!builder.root || builder.root->is_null()) return Value::null({name, 0, 0});
  return std::move(builder.root);
}

}  // namespace smartswitch::graph
