// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
//
// The part of XdpRedirect that runs in the kernel: for each packet that an interface receives, before anything else sees it. A get of one
// key that leaves no question goes to its key's server at once, and what the server replies back to where the get came from; all else goes
// on to the graph, which knows what to do with it. So this looks at the plainest form only: IPv4 without options, a whole datagram, "get",
// one blank, one key.
#include <linux/bpf.h>
// Needs the types of the one before.
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include "elements/memcached/xdp_table.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct xdp_table);
} table SEC(".maps");

// Packets redirected: gets, and replies to them.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct xdp_counts);
} redirected SEC(".maps");

// A get that has been redirected and whose reply has not come by yet. Cores that write the same one at once may leave half of each: that
// fits no reply, which goes through the graph then.
struct get {
  __u64 asker;    // see asker()
  __u64 station;  // the MAC address that it came from
};

struct gets {
  struct get get[XDP_MOST_UNDER_WAY];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct gets);
} under_way SEC(".maps");

struct key {
  __u8 bytes[2 * XDP_LONGEST_KEY + sizeof(__u64)];
};

// Where a key is looked at: places in a packet would have to be compared with its end each time.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct key);
} scratch SEC(".maps");

// memcached's UDP frame header (its doc/protocol.txt, "UDP protocol"), and the command.
struct request {
  __be16 id;
  __be16 sequence;
  __be16 total;
  __be16 reserved;
  char command[4];
} __attribute__((packed));

struct packet {
  struct ethhdr ether;
  struct iphdr ip;
  struct udphdr udp;
  struct request request;
} __attribute__((packed));

#define LINE_END 2  // "\r\n"

// ---- XXH3 of 64 bits, as its specification has it for up to 128 bytes (xxHash's doc/xxhash_spec.md, "XXH3 Algorithm Overview"), seed 0

#define PRIME64_1 0x9E3779B185EBCA87ULL
#define PRIME64_2 0xC2B2AE3D27D4EB4FULL
#define PRIME64_3 0x165667B19E3779F9ULL
#define PRIME_MX1 0x165667919E3779F9ULL
#define PRIME_MX2 0x9FB21C651E98DF25ULL

// The same place, in a way that shows the verifier that it is within a key's bytes, whatever the compiler knows of it.
static __always_inline const void* at(const struct key* key, __u64 offset) {
  asm("%0 &= %1" : "+r"(offset) : "i"(2 * XDP_LONGEST_KEY - 1));
  return key->bytes + offset;
}
#define AT(key, type, offset) (*(const type*)at(key, offset))

static __always_inline __u64 rotated(__u64 x, int bits) { return x << bits | x >> (64 - bits); }

// The halves of a product of 128 bits, which this machine does not have, one over the other.
static __always_inline __u64 folded_product(__u64 a, __u64 b) {
  const __u64 a0 = a & 0xFFFFFFFF, a1 = a >> 32, b0 = b & 0xFFFFFFFF, b1 = b >> 32;
  const __u64 low = a0 * b0;
  const __u64 first = a1 * b0;
  const __u64 middle = a0 * b1 + (low >> 32) + (first & 0xFFFFFFFF);
  return (a1 * b1 + (first >> 32) + (middle >> 32)) ^ (middle << 32 | (low & 0xFFFFFFFF));
}

static __always_inline __u64 avalanche(__u64 x) {
  x ^= x >> 37;
  x *= PRIME_MX1;
  return x ^ x >> 32;
}

static __always_inline __u64 hash_1_to_3(const struct key* key, __u32 length, const __u64* secret) {
  const __u64 combined = (__u64)AT(key, __u8, 0) << 16 | (__u64)AT(key, __u8, length >> 1) << 24 | AT(key, __u8, length - 1) | length << 8;
  __u64 x = combined ^ ((secret[0] ^ secret[0] >> 32) & 0xFFFFFFFF);
  x ^= x >> 33;
  x *= PRIME64_2;
  x ^= x >> 29;
  x *= PRIME64_3;
  return x ^ x >> 32;
}

static __always_inline __u64 hash_4_to_8(const struct key* key, __u32 length, const __u64* secret) {
  const __u64 combined = AT(key, __u32, length - 4) + ((__u64)AT(key, __u32, 0) << 32);
  __u64 x = combined ^ secret[1] ^ secret[2];
  x ^= rotated(x, 49) ^ rotated(x, 24);
  x *= PRIME_MX2;
  x ^= (x >> 35) + length;
  x *= PRIME_MX2;
  return x ^ x >> 28;
}

static __always_inline __u64 hash_9_to_16(const struct key* key, __u32 length, const __u64* secret) {
  const __u64 low = AT(key, __u64, 0) ^ secret[3] ^ secret[4];
  const __u64 high = AT(key, __u64, length - 8) ^ secret[5] ^ secret[6];
  return avalanche(length + __builtin_bswap64(low) + high + folded_product(low, high));
}

static __always_inline __u64 mixed(const struct key* key, __u32 offset, const __u64* secret) {
  return folded_product(AT(key, __u64, offset) ^ secret[0], AT(key, __u64, offset + 8) ^ secret[1]);
}

// Pairs of 16 bytes, from both ends inwards until they meet.
static __always_inline __u64 hash_17_to_128(const struct key* key, __u32 length, const __u64* secret) {
  __u64 sum = length * PRIME64_1;
#pragma unroll
  for (__u32 pair = 0; pair < 4; ++pair) {
    if (length > 32 * pair) {
      sum += mixed(key, 16 * pair, secret + 4 * pair);
      sum += mixed(key, length - 16 * (pair + 1), secret + 4 * pair + 2);
    }
  }
  return avalanche(sum);
}

// ---- what a packet is asked. The verifier looks at each of these functions alone, for any argument; so it need not follow what becomes of
// each way through one in all that come after.

#define VERIFIED_ALONE __attribute__((noinline))

static __always_inline const struct xdp_table* the_table(void) {
  const __u32 zero = 0;
  return bpf_map_lookup_elem(&table, &zero);
}

static __always_inline struct key* the_key(void) {
  const __u32 zero = 0;
  return bpf_map_lookup_elem(&scratch, &zero);
}

VERIFIED_ALONE int is_service(__be32 address) {
  const struct xdp_table* t = the_table();
  if (!t) return 0;
  for (__u32 i = 0; i < XDP_MOST_SERVICES && i < t->services; ++i) {
    if (t->service[i] == address) return 1;
  }
  return 0;
}

VERIFIED_ALONE int is_client(__u32 address) {
  const struct xdp_table* t = the_table();
  if (!t || t->clients == 0) return t != 0;
  for (__u32 i = 0; i < XDP_MOST_CLIENTS && i < t->clients; ++i) {
    if (t->client[i].first <= address && address <= t->client[i].last) return 1;
  }
  return 0;
}

// Blanks, line ends and what else is below them would make more of a request than one key. There must be a line's end behind it.
VERIFIED_ALONE int is_one_key(__u32 length) {
  const struct key* key = the_key();
  if (!key || length == 0 || length > XDP_LONGEST_KEY) return 0;
  for (__u32 i = 0; i < XDP_LONGEST_KEY && i < length; ++i) {
    if (key->bytes[i] <= ' ') return 0;
  }
  return AT(key, __u8, length) == '\r' && AT(key, __u8, length + 1) == '\n';
}

VERIFIED_ALONE __u64 hash_of(__u32 length) {
  const struct xdp_table* t = the_table();
  const struct key* key = the_key();
  if (!t || !key || length == 0 || length > XDP_LONGEST_KEY) return 0;
  if (length > 16) return hash_17_to_128(key, length, t->secret);
  if (length > 8) return hash_9_to_16(key, length, t->secret);
  if (length > 3) return hash_4_to_8(key, length, t->secret);
  return hash_1_to_3(key, length, t->secret);
}

// 1 if a is below b, else 0, without a branch: the verifier would follow both its ways to the end.
static __always_inline __u64 is_below(__u32 a, __u32 b) {
  __u64 difference = (__u64)a - b;
  asm("" : "+r"(difference));
  return difference >> 63;
}

// The server of the first point at or behind `value`.
VERIFIED_ALONE __u64 server_of(__u32 value) {
  const struct xdp_table* t = the_table();
  if (!t) return XDP_NO_SERVER;
  const struct xdp_ring* ring = &t->rings[*(const volatile __u32*)&t->ring & 1];
  __u32 at = 0;
  const __u32 size = ring->size;
  for (__u32 step = XDP_MOST_POINTS / 2; step > 0; step /= 2) {
    if (step < size) at += step * is_below(ring->points[(at + step - 1) & (XDP_MOST_POINTS - 1)].value, value);
  }
  return ring->points[at & (XDP_MOST_POINTS - 1)].server;
}

// ---- the packet

// Whether it is a whole datagram of UDP over plain IPv4.
static __always_inline int is_datagram(const struct packet* p, __u32 length) {
  const __u32 ip_length = bpf_ntohs(p->ip.tot_len);
  return p->ether.h_proto == bpf_htons(ETH_P_IP) && p->ip.version == 4 && p->ip.ihl == 5 && p->ip.protocol == IPPROTO_UDP &&
         (p->ip.frag_off & bpf_htons(0x3FFF)) == 0 && sizeof p->ether + ip_length <= length &&
         bpf_ntohs(p->udp.len) + sizeof p->ip == ip_length;
}

// Whether it is a request for this service, from a client. Port 0 and the service's own are no client's: RequestGuard says why.
static __always_inline int is_request(const struct packet* p, __u32 length) {
  const struct xdp_table* t = the_table();
  return t && is_datagram(p, length) && p->udp.dest == t->port && p->udp.source != t->port && p->udp.source != 0 &&
         is_service(p->ip.daddr) && is_client(bpf_ntohl(p->ip.saddr));
}

static __always_inline int is_get(const struct request* r) {
  return r->sequence == 0 && r->total == bpf_htons(1) && r->command[0] == 'g' && r->command[1] == 'e' && r->command[2] == 't' &&
         r->command[3] == ' ';
}

static __always_inline int is_reply(const struct packet* p, __u32 length) {
  const struct xdp_table* t = the_table();
  return t && is_datagram(p, length) && p->udp.source == t->port && is_service(p->ip.saddr);
}

static __always_inline const struct xdp_server* server_number(__u64 number) {
  const struct xdp_table* t = the_table();
  return t && number < XDP_MOST_SERVERS && t->server[number].interface != 0 ? &t->server[number] : 0;
}

// The server of the key that is all that the datagram asks for, if it has `text` bytes behind "get ".
static __always_inline const struct xdp_server* server_for(struct xdp_md* context, __u32 text) {
  struct key* key = the_key();
  if (!key || text <= LINE_END || text > XDP_LONGEST_KEY + LINE_END) return 0;
  if (bpf_xdp_load_bytes(context, sizeof(struct packet), key, text) != 0 || !is_one_key(text - LINE_END)) return 0;
  return server_number(server_of(hash_of(text - LINE_END) >> 32));
}

// ---- gets under way. A reply is told by its client's address and port and the request's number, so that what answers anything but a get
// that was redirected (a write, above all, which the cache waits for) is not taken for such.

static __always_inline __u64 asker(__be32 address, __be16 port, __be16 id) { return (__u64)address << 32 | (__u32)port << 16 | id; }

static __always_inline __u64 station(const __u8* mac) {
  __u64 number = 0;
  __builtin_memcpy(&number, mac, ETH_ALEN);
  return number;
}

static __always_inline volatile struct get* get_of(__u64 asker) {
  const __u32 zero = 0;
  struct gets* gets = bpf_map_lookup_elem(&under_way, &zero);
  return gets ? &gets->get[asker * PRIME64_1 >> 32 & (XDP_MOST_UNDER_WAY - 1)] : 0;
}

SEC("xdp")
int smartswitch_get(struct xdp_md* context) {
  const __u32 zero = 0;
  const struct packet* p = (const struct packet*)(long)context->data;
  if ((const void*)(p + 1) > (const void*)(long)context->data_end) return XDP_PASS;
  if (!is_request(p, context->data_end - context->data)) return XDP_PASS;
  const __u64 who = asker(p->ip.saddr, p->udp.source, p->request.id);
  const __u64 from = station(p->ether.h_source);

  const __u32 text = bpf_ntohs(p->udp.len) - sizeof p->udp - sizeof p->request;
  const struct xdp_server* server = is_get(&p->request) ? server_for(context, text) : 0;
  const struct xdp_table* t = the_table();
  struct xdp_counts* counts = bpf_map_lookup_elem(&redirected, &zero);
  volatile struct get* get = get_of(who);
  if (!t || !counts || !get) return XDP_PASS;
  if (!server) {
    // Its reply is the graph's, whatever had this number before.
    if (get->asker == who) get->asker = 0;
    return XDP_PASS;
  }
  // The kernel's checks of a place in the packet do not outlast a call.
  struct ethhdr* ether = (struct ethhdr*)(long)context->data;
  if ((void*)(ether + 1) > (void*)(long)context->data_end) return XDP_PASS;
  __builtin_memcpy(ether->h_dest, server->mac, sizeof server->mac);
  if (t->replies_to != 0) {
    get->asker = who;
    get->station = from;
  }
  ++counts->gets;
  return bpf_redirect(server->interface, 0);
}

// Not if the server sends it elsewhere than the get came from: the graph's EtherSwitch knows where that is.
SEC("xdp")
int smartswitch_reply(struct xdp_md* context) {
  const __u32 zero = 0;
  const struct packet* p = (const struct packet*)(long)context->data;
  if ((const void*)(p + 1) > (const void*)(long)context->data_end) return XDP_PASS;
  if (!is_reply(p, context->data_end - context->data)) return XDP_PASS;
  const struct xdp_table* t = the_table();
  struct xdp_counts* counts = bpf_map_lookup_elem(&redirected, &zero);
  const __u64 who = asker(p->ip.daddr, p->udp.dest, p->request.id);
  volatile struct get* get = get_of(who);
  if (!t || !counts || !get || get->asker != who || get->station != station(p->ether.h_dest)) return XDP_PASS;
  // The last of its datagrams.
  if (bpf_ntohs(p->request.sequence) + 1 == bpf_ntohs(p->request.total)) get->asker = 0;
  ++counts->replies;
  return bpf_redirect(t->replies_to, 0);
}

// The kernel lets programs of any licence do this, but asks for one.
char licence[] SEC("license") = "BSD";
