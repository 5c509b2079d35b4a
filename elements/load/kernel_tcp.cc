// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <vector>

#include "elements/load/answer.h"
#include "elements/load/byte_queue.h"
#include "elements/load/sockets.h"
#include "elements/load/wire.h"
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class KernelTcp final : public Element {
 public:
  static void describe(Describe<KernelTcp>& d) {
    d.summary("Sends memcached's requests over UDP as such over TCP, and brings in the answers as if they had come over UDP.");
    d.details(
        "Each source port, from `first_port` on, has a connection of its own to `server`. A request leaves without the frame in front of "
        "it; "
        "answers come in the order of requests (`get` of one key, and what is answered with one line), and leave through `replies` with "
        "the "
        "request's id in front, long ones in several datagrams, as memcached cuts them.\n\n"
        "A connection that ends stays so: what would be sent through it is dropped. Waiting is as with KernelUdp.");
    d.example("connections: {class: KernelTcp, server: 10.0.0.100, clients: 32}");
    d.source<&KernelTcp::poll>();
    d.outside();
    d.input<&KernelTcp::push>("in", "requests, UDP packets").leads_to({});
    d.output("replies", &KernelTcp::replies_, "the answers, UDP packets");
    d.parameter("server", &KernelTcp::server_, "IPv4 address to connect to").required();
    d.parameter("port", &KernelTcp::port_, "TCP port to connect to").at_least(1);
    d.parameter("clients", &KernelTcp::clients_, "connections").between(1, 16384);
    d.parameter("first_port", &KernelTcp::first_port_, "source port of packets for the first connection; each further one has the next");
    d.parameter("wait", &KernelTcp::wait_, "wait in the kernel where there is nothing to do");
    d.parameter("early", &KernelTcp::early_, "most time that the worker stops waiting before a timer is due").between({0}, {10'000'000});
    d.counter("ended", &KernelTcp::ended_, "connections that ended: the server closed or reset them, or sent what was no answer");
    d.counter("no_buffer", &KernelTcp::no_buffer_, "times that no packet buffer was free; answers wait");
    d.drop("no_connection", &KernelTcp::no_connection_, "requests whose source port has no connection, or none any more");
    d.drop("full", &KernelTcp::full_, "requests to a connection that does not take them: too many bytes wait already");
    d.drop("no_request", &KernelTcp::no_request_, "packets that are no UDP packets with a memcached frame");
  }

  void start(Problems& problems) override {
    std::vector<load::Socket> sockets = load::connect_sockets(SOCK_STREAM, clients_, server_, port_, problems);
    if (sockets.empty()) return;
    bool good = ready_.open();
    for (std::uint32_t i = 0; i < sockets.size(); ++i) {
      good = good && ready_.add(sockets[i].get(), i);
      connections_.emplace_back().socket = std::move(sockets[i]);
    }
    if (!good) problems.add({}, fmt::format("the kernel does not watch {} sockets: {}", clients_, std::strerror(errno)));
    write_headers();
    touched_.reserve(Batch::kCapacity);
  }

  void push(Batch& batch) {
    for (const Packet packet : batch) take(packet);
    batch.release();
    for (const std::uint32_t client : touched_) send(client);
    touched_.clear();
  }

  unsigned poll() {
    const bool pressed = std::exchange(out_of_buffers_, false);
    unsigned handled = 0;
    if (pressed) {
      for (std::uint32_t i = 0; i < clients_; ++i) handled += cut_answers(i);
    }
    for (const epoll_event& event : wait_ && !pressed ? ready_.wait_beside(worker().timers, early_) : ready_.look()) {
      const std::uint32_t client = event.data.u32;
      if ((event.events & EPOLLOUT) != 0) send(client);
      if ((event.events & ~EPOLLOUT) != 0) handled += receive(client);
    }
    return handled;
  }

 private:
  struct Connection {
    load::Socket socket;
    load::ByteQueue out;
    load::ByteQueue in;
    std::deque<rte_be16_t> ids;  // of requests without an answer, in order
    bool waits_for_room = false;
    bool touched = false;
  };
  static constexpr std::size_t kReadBytes = 65'536;
  static constexpr std::size_t kMostOut = 16U << 20;
  static constexpr std::size_t kLongestAnswer = 2U << 20;

  void write_headers() {
    headers_.ether.ether_type = rte_cpu_to_be_16(ether_type::kIpv4);
    headers_.ip.version_ihl = RTE_IPV4_VHL_DEF;
    headers_.ip.time_to_live = 64;
    headers_.ip.next_proto_id = ip_protocol::kUdp;
    headers_.ip.src_addr = rte_cpu_to_be_32(server_.host_order);
    headers_.udp.src_port = rte_cpu_to_be_16(port_);
  }

  void take(Packet packet) {
    const Headers& headers = locate_headers(packet);
    if (headers.l4_protocol != ip_protocol::kUdp || headers.payload == 0 || headers.payload_length < sizeof(load::DatagramFrame)) {
      return drop(packet, no_request_);
    }
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + headers.l4);
    const std::uint32_t client = std::uint32_t{rte_be_to_cpu_16(udp->src_port)} - first_port_;
    if (client >= clients_ || !connections_[client].socket.open()) return drop(packet, no_connection_);
    Connection& connection = connections_[client];
    if (connection.out.bytes().size() > kMostOut) return drop(packet, full_);
    const auto* frame = reinterpret_cast<const load::DatagramFrame*>(packet.data() + headers.payload);
    connection.ids.push_back(frame->request_id);
    connection.out.append({reinterpret_cast<const char*>(frame + 1), headers.payload_length - sizeof *frame});
    if (!std::exchange(connection.touched, true)) touched_.push_back(client);
    count_sent(1);
    rte_pktmbuf_free(packet.mbuf());
  }

  void send(std::uint32_t client) {
    Connection& connection = connections_[client];
    connection.touched = false;
    while (connection.socket.open() && !connection.out.empty()) {
      const std::string_view bytes = connection.out.bytes();
      const ssize_t sent = ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        connection.out.remove(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != EINTR) {
        return end(client, std::strerror(errno));
      }
    }
    const bool waits = !connection.out.empty();
    if (waits == connection.waits_for_room || !connection.socket.open()) return;
    connection.waits_for_room = waits;
    ready_.change(connection.socket.get(), client, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  unsigned receive(std::uint32_t client) {
    Connection& connection = connections_[client];
    if (!connection.socket.open()) return 0;
    const ssize_t got = recv(connection.socket.get(), connection.in.room(kReadBytes), kReadBytes, 0);
    if (got > 0) {
      connection.in.added(static_cast<std::size_t>(got));
      return cut_answers(client);
    }
    if (got == 0) {
      end(client, "closed by the server");
    } else if (errno != EAGAIN && errno != EINTR) {
      end(client, std::strerror(errno));
    }
    return 0;
  }

  void end(std::uint32_t client, const char* why) {
    if (ended_.value() == 0) {
      log(fmt::format("connection to {}: {}; {} requests on it will have no answer", load::spoken_address(server_, port_), why,
                      connections_[client].ids.size()));
    }
    ended_.add();
    ready_.remove(connections_[client].socket.get());
    connections_[client] = Connection();
  }

  // Gives on all answers that are whole, and returns how many datagrams they are.
  unsigned cut_answers(std::uint32_t client) {
    Connection& connection = connections_[client];
    Batch batch;
    unsigned made = 0;
    while (!connection.in.empty()) {
      const std::string_view text = connection.in.bytes();
      const std::size_t length = load::answer_length(text);
      if (length > kLongestAnswer || (length == 0 && text.size() > kReadBytes) || connection.ids.empty()) {
        end(client, "what it sends is no answer to a request");
        break;
      }
      if (length == 0 || length > text.size()) break;
      if (!make_datagrams(text.substr(0, length), connection.ids.front(), client, batch, made)) {
        no_buffer_.add();
        out_of_buffers_ = true;
        break;
      }
      connection.ids.pop_front();
      connection.in.remove(length);
    }
    replies_.push(batch);
    return made;
  }

  // False, and nothing made, if there are too few buffers.
  bool make_datagrams(std::string_view text, rte_be16_t id, std::uint32_t client, Batch& batch, unsigned& made) {
    const std::size_t total = (text.size() + load::kMostText - 1) / load::kMostText;
    parts_.resize(total);
    if (rte_pktmbuf_alloc_bulk(worker().pool, parts_.data(), static_cast<unsigned>(total)) != 0) return false;
    count_received(total);
    made += static_cast<unsigned>(total);
    for (std::size_t i = 0; i < total; ++i) {
      const Packet packet(parts_[i]);
      packet.reset_annotations();
      const std::string_view part = text.substr(i * load::kMostText, load::kMostText);
      auto* headers = reinterpret_cast<load::DatagramHeaders*>(packet.data());
      *headers = headers_;
      headers->udp.dst_port = rte_cpu_to_be_16(static_cast<std::uint16_t>(first_port_ + client));
      headers->frame = {id, rte_cpu_to_be_16(static_cast<std::uint16_t>(i)), rte_cpu_to_be_16(static_cast<std::uint16_t>(total)), 0};
      load::set_lengths(*headers, part.size());
      std::memcpy(headers + 1, part.data(), part.size());
      packet.mbuf()->data_len = static_cast<std::uint16_t>(sizeof *headers + part.size());
      packet.mbuf()->pkt_len = packet.mbuf()->data_len;
      batch.add(packet);
      if (batch.full()) replies_.push(batch);
    }
    return true;
  }

  Ipv4Address server_;
  std::uint16_t port_ = 11211;
  std::uint32_t clients_ = 1;
  std::uint16_t first_port_ = 32768;
  bool wait_ = true;
  Duration early_{50'000};
  std::vector<Connection> connections_;
  load::Waiting ready_;
  load::DatagramHeaders headers_{};
  std::vector<std::uint32_t> touched_;  // connections with something new to send
  std::vector<rte_mbuf*> parts_;
  bool out_of_buffers_ = false;
  Output replies_;
  Counter ended_;
  Counter no_buffer_;
  DropReason no_connection_;
  DropReason full_;
  DropReason no_request_;
};

SMARTSWITCH_ELEMENT(KernelTcp)

}  // namespace smartswitch
