// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/connection_text.h"

#include <fmt/format.h>

namespace smartswitch::graph {
namespace {

struct Piece {
  std::string_view text;
  std::size_t offset;
};

Piece trimmed(Piece piece) {
  constexpr std::string_view kBlank = " \t\n";
  const std::size_t first = piece.text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {{}, piece.offset};
  const std::size_t last = piece.text.find_last_not_of(kBlank);
  return {piece.text.substr(first, last - first + 1), piece.offset + first};
}

std::vector<Piece> split(Piece whole, std::string_view separator) {
  std::vector<Piece> pieces;
  std::size_t from = 0;
  while (true) {
    const std::size_t to = whole.text.find(separator, from);
    pieces.push_back(trimmed({whole.text.substr(from, to == std::string_view::npos ? to : to - from), whole.offset + from}));
    if (to == std::string_view::npos) return pieces;
    from = to + separator.size();
  }
}

TextFault fault_at(Piece piece, std::string message, std::string hint) {
  return {piece.offset, piece.text.size(), std::move(message), std::move(hint)};
}

ChainItem parse_item(Piece piece) {
  ChainItem item;
  item.offset = piece.offset;
  item.length = piece.text.size();
  const std::size_t end = piece.text.find_first_of(".:");
  item.element = piece.text.substr(0, end);
  if (end == std::string_view::npos) return item;
  std::string_view rest = piece.text.substr(end);
  if (rest.front() == ':') {
    const std::size_t dot = rest.find('.');
    item.input = rest.substr(1, dot == std::string_view::npos ? dot : dot - 1);
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot);
  }
  if (!rest.empty()) item.output = rest.substr(1);
  return item;
}

/// What is wrong with an item, wherever it stands.
std::optional<TextFault> fault_of(Piece piece, const ChainItem& item) {
  if (piece.text.empty()) return fault_at(piece, "an element is missing here", "write `a -> b`");
  if (piece.text.find_first_of(" \t\n") != std::string_view::npos) {
    return fault_at(piece, fmt::format("`{}` is not an element", piece.text), "put `->` between elements");
  }
  if (piece.text.find_first_of("[]") != std::string_view::npos) {
    return fault_at(piece, fmt::format("`{}` is not an element", piece.text), "write several outputs as `a.x, b.y -> c`");
  }
  const bool empty_port = (item.input && item.input->empty()) || (item.output && item.output->empty());
  if (item.element.empty() || empty_port) {
    return fault_at(piece, fmt::format("a name is missing in `{}`", piece.text), "write `element`, `element.output` or `element:input`");
  }
  return std::nullopt;
}

Chain failed(TextFault fault) {
  Chain chain;
  chain.fault = std::move(fault);
  return chain;
}

}  // namespace

Chain parse_chain(std::string_view text) {
  Chain chain;
  const std::vector<Piece> hops = split({text, 0}, "->");
  if (hops.size() < 2) return failed(fault_at(hops.front(), "a connection needs `->`", "write `a -> b`"));

  Piece start = hops.front();
  if (start.text.starts_with('[') && start.text.ends_with(']') && start.text.size() >= 2) {
    start = {start.text.substr(1, start.text.size() - 2), start.offset + 1};
  }
  for (const Piece& piece : split(start, ",")) {
    const ChainItem& item = chain.starts.emplace_back(parse_item(piece));
    if (auto fault = fault_of(piece, item)) return failed(std::move(*fault));
    if (item.input) {
      return failed(fault_at(piece, fmt::format("`{}` names an input, but starts the connection", piece.text),
                             fmt::format("write `{}.output` for an output", item.element)));
    }
  }
  for (std::size_t i = 1; i < hops.size(); ++i) {
    const Piece& piece = hops[i];
    if (piece.text.find(',') != std::string_view::npos) {
      return failed(fault_at(piece, "only the start of a connection may be a list", "a Tee copies packets to several elements"));
    }
    const ChainItem& item = chain.rest.emplace_back(parse_item(piece));
    if (auto fault = fault_of(piece, item)) return failed(std::move(*fault));
    if (i + 1 == hops.size() && item.output) {
      return failed(fault_at(piece, fmt::format("`{}` names an output, but ends the connection", piece.text),
                             item.input ? "leave the output out" : fmt::format("write `{}:{}` for an input", item.element, *item.output)));
    }
  }
  return chain;
}

}  // namespace smartswitch::graph
