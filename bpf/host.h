/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * host.h - the kernel's side of the packet path, as plain C: what lets the same stages run in a test
 * under sanitizers, or in a fuzzer.
 *
 * A map is ordinary memory: its declaration in maps.h, unchanged, becomes a struct whose `key` and
 * `value` are typed arrays, which host_map_open() allocates and a test reads and writes directly. Arrays
 * are indexed; hashes are searched, key by key, up to `used`. Per-CPU arrays hold HOST_CPUS copies one
 * after the other, the running thread's is host.cpu's.
 *
 * What the kernel would answer (time, routes) is what `host` says. One program, one thread, or many
 * threads that touch flows alone.
 */
#ifndef SLUICE_HOST_H
#define SLUICE_HOST_H

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define FIXED_AT_LOAD
#define ONE_REGISTER(variable)
#define COLD static __attribute__((noinline, unused))
#define SEC(name)
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline, unused))
#endif
#define bpf_htons(x) htobe16(x)
#define bpf_ntohs(x) be16toh(x)
#define bpf_htonl(x) htobe32(x)
#define bpf_ntohl(x) be32toh(x)

/* ---- frames ------------------------------------------------------------------------------------ */

/* As the kernel's, but with whole pointers. */
struct host_xdp_md {
	unsigned long data;
	unsigned long data_end;
	__u32 ingress_ifindex;
	unsigned long hard_start; /* as far as the head may grow */
};
#define xdp_md host_xdp_md

static __thread struct host {
	__u64 now_ns;
	__u32 cpu;
	__u32 redirected_to;	   /* last bpf_redirect, 0: none */
	int fib_result;		   /* what bpf_fib_lookup returns */
	struct bpf_fib_lookup fib; /* and answers */
	struct bpf_fib_lookup fib_asked;
} host __attribute__((unused));

static inline long bpf_xdp_adjust_head(struct xdp_md *ctx, int delta)
{
	if (ctx->data + delta < ctx->hard_start || ctx->data + delta + ETH_HLEN > ctx->data_end)
		return -1;
	ctx->data += delta;
	return 0;
}

/* Shrinks only: no stage grows a tail. */
static inline long bpf_xdp_adjust_tail(struct xdp_md *ctx, int delta)
{
	if (delta > 0 || ctx->data_end + delta < ctx->data + ETH_HLEN)
		return -1;
	ctx->data_end += delta;
	return 0;
}

static inline __u64 bpf_xdp_get_buff_len(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data;
}

static inline __u64 bpf_ktime_get_coarse_ns(void)
{
	return host.now_ns;
}

static inline long bpf_redirect(__u32 ifindex, __u64 flags)
{
	host.redirected_to = ifindex;
	return XDP_REDIRECT;
}

static inline long bpf_fib_lookup(void *ctx, struct bpf_fib_lookup *fib, int size, __u32 flags)
{
	host.fib_asked = *fib;
	if (host.fib_result == BPF_FIB_LKUP_RET_SUCCESS)
		*fib = host.fib;
	return host.fib_result;
}

/* ---- maps -------------------------------------------------------------------------------------- */

#define HOST_CPUS 4

/* A number in a map's declaration is a type's size; the number in use is set by host_map_open(). */
#define __uint(name, number)                                                                       \
	struct {                                                                                   \
		char (*declared)[number];                                                          \
		__u32 set;                                                                         \
	} name
#define __type(name, what) what *name

#define HOST_DECLARED(map, name) sizeof(*(map)->name.declared)
#define HOST_COPIES(map)	 (HOST_DECLARED(map, type) == BPF_MAP_TYPE_PERCPU_ARRAY ? HOST_CPUS : 1)

#define host_map_open(map, entries)                                                                \
	do {                                                                                       \
		(map)->max_entries.set = (entries);                                                \
		(map)->type.set = 0;                                                               \
		(map)->key = calloc((entries), sizeof(*(map)->key));                               \
		(map)->value = aligned_alloc(                                                      \
			64, (HOST_COPIES(map) * (entries) * sizeof(*(map)->value) + 63) & ~63ul);  \
		memset((map)->value, 0, HOST_COPIES(map) * (entries) * sizeof(*(map)->value));     \
	} while (0)

#define host_map_close(map)                                                                        \
	do {                                                                                       \
		free((map)->key);                                                                  \
		free((map)->value);                                                                \
		(map)->key = NULL;                                                                 \
		(map)->value = NULL;                                                               \
	} while (0)

/* Number of a key in a hash, or `used` where it isn't. */
static inline __u32 host_hash_find(const void *keys, size_t key_size, __u32 used, const void *key)
{
	__u32 i = 0;

	while (i < used && memcmp((const char *)keys + i * key_size, key, key_size) != 0)
		i++;
	return i;
}

static inline void *host_lookup(int type, void *keys, size_t key_size, void *values,
				size_t value_size, __u32 entries, __u32 used, const void *key)
{
	__u32 i;

	if (type == BPF_MAP_TYPE_HASH)
		entries = used, i = host_hash_find(keys, key_size, used, key);
	else
		i = *(const __u32 *)key;
	if (i >= entries)
		return NULL;
	if (type == BPF_MAP_TYPE_PERCPU_ARRAY)
		i += host.cpu * entries;
	return (char *)values + i * value_size;
}

/* A hash keeps its number of keys where its declaration keeps its type. */
#define bpf_map_lookup_elem(map, k)                                                                \
	((__typeof__((map)->value))host_lookup(                                                    \
		HOST_DECLARED(map, type), (map)->key, sizeof(*(map)->key), (map)->value,           \
		sizeof(*(map)->value), (map)->max_entries.set, (map)->type.set, k))

/* Adds a key to a hash, or changes its value. */
#define host_hash_put(map, k, v)                                                                   \
	do {                                                                                       \
		__u32 at = host_hash_find((map)->key, sizeof(*(map)->key), (map)->type.set, (k));  \
		(map)->key[at] = *(k);                                                             \
		(map)->value[at] = (v);                                                            \
		(map)->type.set += at == (map)->type.set;                                          \
	} while (0)

#endif
