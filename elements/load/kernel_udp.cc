// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "elements/load/sockets.h"
#include "elements/load/wire.h"
#include "elements/sdk/element.h"
#include "elements/sdk/headers.h"

namespace smartswitch {

class KernelUdp final : public Element {
 public:
  static void describe(Describe<KernelUdp>& d) {
    d.summary("Sends the payload of UDP packets through sockets of the kernel, and brings in what is answered.");
    d.details(
        "Each source port, from `first_port` on, has a socket of its own, connected to `server`; the kernel chooses the port that it "
        "really "
        "comes from. Datagrams that come back leave through `replies` with headers in front, to the source port of the packets that go out "
        "through that socket.\n\n"
        "Where no packets come and nothing is due, the worker waits in the kernel, unless `wait` is off: then it asks again and again, "
        "which "
        "takes a whole core. The kernel wakes a thread some microseconds late: before a timer is due, the worker is back by as much as it "
        "was late "
        "lately, at most `early`. Let it be the only element of its worker that "
        "receives, and give that worker `idle: poll`.");
    d.example("sockets: {class: KernelUdp, server: 10.0.0.100, clients: 4}");
    d.source<&KernelUdp::poll>();
    d.outside();
    d.input<&KernelUdp::push>("in", "UDP packets to send").leads_to({});
    d.output("replies", &KernelUdp::replies_, "what is answered");
    d.parameter("server", &KernelUdp::server_, "IPv4 address to send to").required();
    d.parameter("port", &KernelUdp::port_, "UDP port to send to").at_least(1);
    d.parameter("clients", &KernelUdp::clients_, "sockets").between(1, 16384);
    d.parameter("first_port", &KernelUdp::first_port_, "source port of packets for the first socket; each further one has the next");
    d.parameter("wait", &KernelUdp::wait_, "wait in the kernel where there is nothing to do");
    d.parameter("early", &KernelUdp::early_, "most time that the worker stops waiting before a timer is due").between({0}, {10'000'000});
    d.counter("refused", &KernelUdp::refused_, "times that the server's host said that nothing listens on the port");
    d.counter("receive_errors", &KernelUdp::receive_errors_, "other faults that the kernel reported for a socket");
    d.counter("overrun", &KernelUdp::overrun_, "datagrams that the kernel dropped because a socket's buffer was full");
    d.counter("no_buffer", &KernelUdp::no_buffer_, "times that no packet buffer was free; the kernel keeps the datagrams");
    d.drop("not_sent", &KernelUdp::not_sent_, "packets that the kernel did not take");
    d.drop("no_socket", &KernelUdp::no_socket_, "packets that are not UDP, or whose source port has no socket");
    d.drop("cut_off", &KernelUdp::cut_off_, "datagrams that are longer than a packet buffer");
  }

  void start(Problems& problems) override {
    sockets_ = load::connect_sockets(SOCK_DGRAM, clients_, server_, port_, problems);
    if (sockets_.empty()) return;
    bool good = ready_.open();
    for (std::uint32_t i = 0; i < sockets_.size(); ++i) good = good && ready_.add(sockets_[i].get(), i);
    if (!good) problems.add({}, fmt::format("the kernel does not watch {} sockets: {}", clients_, std::strerror(errno)));
    write_headers();
    look_.bind<&KernelUdp::look_for_overruns>(this);
    schedule_in(look_, kBetweenLooks);
  }

  void push(Batch& batch) {
    // Packets that follow one another from one client go in one call.
    unsigned begin = 0;
    while (begin < batch.size()) {
      const std::uint32_t client = client_of(batch[begin]);
      unsigned end = begin + 1;
      while (end < batch.size() && client_of(batch[end]) == client) ++end;
      send_run(batch, begin, end, client);
      begin = end;
    }
    batch.release();
  }

  unsigned poll() {
    unsigned received = 0;
    for (const epoll_event& event : wait_ ? ready_.wait_beside(worker().timers, early_) : ready_.look())
      received += receive(event.data.u32);
    return received;
  }

 private:
  static constexpr unsigned kBurst = Batch::kCapacity;
  static constexpr Duration kBetweenLooks{100'000'000};

  void write_headers() {
    headers_.ether.ether_type = rte_cpu_to_be_16(ether_type::kIpv4);
    headers_.ip.version_ihl = RTE_IPV4_VHL_DEF;
    headers_.ip.time_to_live = 64;
    headers_.ip.next_proto_id = ip_protocol::kUdp;
    headers_.ip.src_addr = rte_cpu_to_be_32(server_.host_order);
    headers_.udp.src_port = rte_cpu_to_be_16(port_);
  }

  // clients_ if it has none.
  [[nodiscard]] std::uint32_t client_of(Packet packet) const {
    const Headers& headers = locate_headers(packet);
    if (headers.l4_protocol != ip_protocol::kUdp || headers.payload == 0) return clients_;
    const auto* udp = reinterpret_cast<const rte_udp_hdr*>(packet.data() + headers.l4);
    return std::min(std::uint32_t{rte_be_to_cpu_16(udp->src_port)} - first_port_, clients_);
  }

  void send_run(Batch& batch, unsigned begin, unsigned end, std::uint32_t client) {
    if (client == clients_) {
      for (unsigned i = begin; i < end; ++i) drop(batch[i], no_socket_);
      return;
    }
    std::array<iovec, kBurst> parts;
    std::array<mmsghdr, kBurst> messages;
    const unsigned count = end - begin;
    for (unsigned i = 0; i < count; ++i) {
      const Packet packet = batch[begin + i];
      const Headers& headers = locate_headers(packet);
      parts[i] = {packet.data() + headers.payload, headers.payload_length};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    unsigned done = 0;
    bool reported = false;
    while (done < count) {
      const int sent = sendmmsg(sockets_[client].get(), messages.data() + done, count - done, 0);
      if (sent > 0) {
        count_sent(static_cast<std::uint64_t>(sent));
        rte_pktmbuf_free_bulk(batch.mbufs() + begin + done, static_cast<unsigned>(sent));
        done += static_cast<unsigned>(sent);
        reported = false;
      } else if (errno == ECONNREFUSED && !reported) {
        // It is about a datagram that was sent before; telling it has cleared it.
        note_refused();
        reported = true;
      } else {
        drop(batch[begin + done], not_sent_);
        ++done;
      }
    }
  }

  unsigned receive(std::uint32_t client) {
    std::array<rte_mbuf*, kBurst> buffers;
    const unsigned room = take_buffers(buffers.data());
    if (room == 0) {
      no_buffer_.add();
      return 0;
    }
    std::array<iovec, kBurst> parts;
    std::array<mmsghdr, kBurst> messages;
    for (unsigned i = 0; i < room; ++i) {
      const Packet packet(buffers[i]);
      parts[i] = {packet.data() + load::kUdpPayloadAt, packet.capacity() - load::kUdpPayloadAt};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int result = recvmmsg(sockets_[client].get(), messages.data(), room, MSG_DONTWAIT, nullptr);
    if (result < 0) note_receive_error();
    const unsigned got = result < 0 ? 0 : static_cast<unsigned>(result);
    rte_pktmbuf_free_bulk(buffers.data() + got, room - got);
    // As many buffers as will be needed, so that few go back unused.
    room_ = got == room ? std::min(2 * room, kBurst) : std::max(room / 2, std::min(got + 1, kBurst));
    count_received(got);
    Batch batch;
    for (unsigned i = 0; i < got; ++i) {
      const Packet packet(buffers[i]);
      packet.reset_annotations();
      if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        drop(packet, cut_off_);
        continue;
      }
      put_headers(packet, messages[i].msg_len, client);
      batch.add(packet);
    }
    replies_.push(batch);
    return got;
  }

  // Buffers for the kernel to write into: no packets yet. Returns how many.
  unsigned take_buffers(rte_mbuf** buffers) {
    if (rte_pktmbuf_alloc_bulk(worker().pool, buffers, room_) == 0) return room_;
    return rte_pktmbuf_alloc_bulk(worker().pool, buffers, 1) == 0 ? 1 : 0;
  }

  void put_headers(Packet packet, std::uint32_t payload, std::uint32_t client) const {
    auto* headers = reinterpret_cast<load::DatagramHeaders*>(packet.data());
    std::memcpy(headers, &headers_, load::kUdpPayloadAt);
    headers->udp.dst_port = rte_cpu_to_be_16(static_cast<std::uint16_t>(first_port_ + client));
    const auto udp = static_cast<std::uint16_t>(sizeof headers->udp + payload);
    headers->udp.dgram_len = rte_cpu_to_be_16(udp);
    headers->ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof headers->ip + udp));
    packet.mbuf()->data_len = static_cast<std::uint16_t>(load::kUdpPayloadAt + payload);
    packet.mbuf()->pkt_len = packet.mbuf()->data_len;
  }

  void note_refused() {
    if (refused_.value() == 0) log(fmt::format("{} refuses: no server listens on that port", load::spoken_address(server_, port_)));
    refused_.add();
  }
  void note_receive_error() {
    if (errno == EAGAIN || errno == EINTR) return;
    if (errno == ECONNREFUSED) return note_refused();
    if (receive_errors_.value() == 0) log(fmt::format("{}: {}", load::spoken_address(server_, port_), std::strerror(errno)));
    receive_errors_.add();
  }

  void look_for_overruns() {
    std::uint64_t dropped = 0;
    for (const load::Socket& socket : sockets_) {
      std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
      socklen_t size = sizeof info;
      if (getsockopt(socket.get(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) == 0) dropped += info[SK_MEMINFO_DROPS];
    }
    if (dropped > overrun_.value()) overrun_.add(dropped - overrun_.value());
    schedule_in(look_, kBetweenLooks);
  }

  Ipv4Address server_;
  std::uint16_t port_ = 11211;
  std::uint32_t clients_ = 1;
  std::uint16_t first_port_ = 32768;
  bool wait_ = true;
  Duration early_{50'000};
  std::vector<load::Socket> sockets_;
  load::Waiting ready_;
  load::DatagramHeaders headers_{};
  unsigned room_ = 1;
  Timer look_;
  Output replies_;
  Counter refused_;
  Counter receive_errors_;
  Counter overrun_;
  Counter no_buffer_;
  DropReason not_sent_;
  DropReason no_socket_;
  DropReason cut_off_;
};

SMARTSWITCH_ELEMENT(KernelUdp)

}  // namespace smartswitch
