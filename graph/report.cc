// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "graph/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace smartswitch::graph {

std::string spoken(const Location& where) {
  return where.line == 0 ? where.file : fmt::format("{}:{}:{}", where.file, where.line, where.column);
}

void Report::twice(const std::string& name, const Location& where, const Location& first) {
  fault(where, fmt::format("`{}` is given twice", name), "the first one is at " + spoken(first));
}

void Report::spoil(const Location& scalar, const Location& where, std::string message, std::string hint) {
  spoiling_.add(where, std::move(message), std::move(hint));
  spoiled_.insert(key(scalar));
}

std::vector<Problem> Report::sorted(const std::vector<std::string>& files) const {
  std::map<std::string, std::size_t> order;
  for (const std::string& file : files) order.emplace(file, order.size());

  std::vector<Problem> all = spoiling_.list();
  for (const Problem& problem : problems_.list()) {
    if (!spoiled(problem.where)) all.push_back(problem);
  }
  const auto place = [&order](const Problem& p) {
    const auto file = order.find(p.where.file);
    return std::tuple(file == order.end() ? order.size() : file->second, p.where.line, p.where.column);
  };
  std::stable_sort(all.begin(), all.end(), [&place](const Problem& a, const Problem& b) { return place(a) < place(b); });

  // A template that is unfolded many times finds its own faults as often.
  std::set<std::pair<Key, std::string>> seen;
  std::vector<Problem> result;
  for (Problem& problem : all) {
    if (seen.emplace(key(problem.where), problem.message).second) result.push_back(std::move(problem));
  }
  return result;
}

}  // namespace smartswitch::graph
