/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright the SmartSwitch authors */
/*
 * What XdpRedirect and its program in the kernel (xdp_redirect.bpf.c) both look at, in C for both. The element writes it, the program reads
 * it; all numbers are in host order unless they say otherwise.
 */
#pragma once

#include <linux/types.h>

/* A power of two; with 160 points a server: of 409 servers. */
#define XDP_MOST_POINTS 65536
#define XDP_MOST_SERVERS 4096
#define XDP_MOST_SERVICES 16
#define XDP_MOST_CLIENTS 64
/* Gets whose replies are told apart from others, a power of two: with more of them under way, some replies go through the graph. */
#define XDP_MOST_UNDER_WAY 65536
/* Longer keys go through the graph. XXH3 takes another way for them. */
#define XDP_LONGEST_KEY 128
/* As much of XXH3's secret as that takes. */
#define XDP_SECRET 128
#define XDP_NO_SERVER 0xFFFFFFFFU

/* A key whose XXH3's upper half is at most `value`, and above the point before, is the server's. */
struct xdp_point {
  __u32 value;
  __u32 server;
};

/* In order. The last one's value is the greatest there is, and so are those behind it, up to `size`. */
struct xdp_ring {
  __u32 size; /* a power of two */
  struct xdp_point points[XDP_MOST_POINTS];
};

struct xdp_server {
  __u8 mac[6];
  __u16 unused;
  __u32 interface; /* the kernel's number of the one behind which it is; 0: its requests go through the graph */
};

struct xdp_network {
  __u32 first;
  __u32 last;
};

struct xdp_table {
  /* The ring that is read. The other one is written, and not before nobody can read it any more. */
  __u32 ring;
  __u16 port; /* network order */
  __u16 unused;
  __u32 replies_to; /* the interface that requests come in by, for replies to go out of; 0: they go through the graph */
  __u32 services;
  __u32 service[XDP_MOST_SERVICES]; /* network order */
  __u32 clients;                    /* 0: requests may come from anywhere */
  struct xdp_network client[XDP_MOST_CLIENTS];
  __u64 secret[XDP_SECRET / 8];
  struct xdp_server server[XDP_MOST_SERVERS];
  struct xdp_ring rings[2];
};

/* Packets that the kernel has redirected. */
struct xdp_counts {
  __u64 gets;
  __u64 replies;
};
