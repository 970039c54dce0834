/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the kernel and of KVM that call.c, batch.c, ring.c and flush.c of host/kvm_hcall
 * use.  With it they compile, unchanged, as part of a program.  Definitions here are the
 * kernel's, or stubs; what is only declared here is defined in model.c.
 */
#ifndef MODEL_KERNEL_H
#define MODEL_KERNEL_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/kvm.h>
#include <linux/kvm_para.h>

/* Older headers do not know it. */
#ifndef KVM_MEM_GUEST_MEMFD
#define KVM_MEM_GUEST_MEMFD	(1UL << 2)
#endif

/* The kernel's name for a field; a program's has no other. */
#undef HINT_UNSAFE_IN_KVM

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef u64 gpa_t, gfn_t;

#define __user
#define __rcu
#define notrace
#define noinline		__attribute__((noinline))
#ifndef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#endif
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
/* Ordered, as ThreadSanitizer does not know barriers. */
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define WRITE_ONCE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_RELEASE)
#define smp_wmb()		do { } while (0)
#define max(a, b)		((a) > (b) ? (a) : (b))
#define min_t(type, a, b)	((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(condition)	_Static_assert(!(condition), #condition)
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define check_add_overflow	__builtin_add_overflow
#define check_mul_overflow	__builtin_mul_overflow
#define pr_warn_ratelimited(...) do { } while (0)

#define PAGE_SHIFT		12
#define PAGE_SIZE		4096UL
#define SZ_4G			0x100000000ULL
#define offset_in_page(x)	((unsigned long)(x) & (PAGE_SIZE - 1))
#define gpa_to_gfn(gpa)		((gpa) >> PAGE_SHIFT)

/* What compat.h asks of a kernel. */
#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE	KERNEL_VERSION(6, 12, 0)
#define CONFIG_X86_64		1
#define CONFIG_DYNAMIC_FTRACE_WITH_ARGS 1
#define IS_MODULE(option)	1

struct pt_regs { unsigned long di, ip; };
struct ftrace_regs { struct pt_regs regs; };

/* A thread is a CPU. */
#define DECLARE_PER_CPU(type, name)	extern __thread __typeof__(type) name
typedef int spinlock_t;

static inline void spin_lock(spinlock_t *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

struct hlist_node { int unused; };
struct list_head { int unused; };
struct rcu_head { int unused; };

/* Tracepoints: none. */
#define TRACE_EVENT(...)
#define trace_kvm_hcall_call_enabled()	false
#define trace_kvm_hcall_done_enabled()	false
#define trace_kvm_hcall_call(...)	do { } while (0)
#define trace_kvm_hcall_done(...)	do { } while (0)
#define trace_kvm_hcall_element(...)	do { } while (0)
#define trace_kvm_hcall_flush(...)	do { } while (0)

/* arch/x86/include/asm/kvm_host.h, include/linux/kvm_host.h */
enum {
	VCPU_REGS_RAX, VCPU_REGS_RCX, VCPU_REGS_RDX, VCPU_REGS_RBX, VCPU_REGS_RSI,
	NR_VCPU_REGS
};

enum kvm_bus { KVM_MMIO_BUS, KVM_PIO_BUS, KVM_NR_BUSES };

#define NR_IOBUS_DEVS		1000

struct kvm_io_range {
	gpa_t addr;
	int len;
};

struct kvm_io_bus {
	int dev_count;
	struct kvm_io_range range[4];
};

#define srcu_dereference(p, srcu)	(p)
#define rcu_access_pointer(p)		(p)

#define KVM_COALESCED_MMIO_MAX						\
	((PAGE_SIZE - sizeof(struct kvm_coalesced_mmio_ring)) /		\
	 sizeof(struct kvm_coalesced_mmio))
#define KVM_USER_MEM_SLOTS	32764
#define KVM_MEMSLOT_INVALID	(1UL << 16)

struct kvm_memory_slot {
	gfn_t base_gfn;
	unsigned long npages;
	u32 flags;
	int id;
	char *hva;
};

struct kvm_memslots { u64 generation; };

struct kvm {
	spinlock_t ring_lock;
	struct kvm_coalesced_mmio_ring *coalesced_mmio_ring;
	u32 dirty_ring_size;
	struct kvm_io_bus *buses[KVM_NR_BUSES];
	struct kvm_memslots memslots;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_run *run;
	int vcpu_id;
	bool mmio_needed, mmio_is_write;
	struct { u64 hypercalls; } stat;
	struct {
		unsigned long regs[NR_VCPU_REGS];
		struct { unsigned long count; } pio;
		unsigned int sev_pio_count;
		u64 apic_base;
		bool l1tf_flush_l1d;
		u64 reserved_gpa_bits;
		int (*complete_userspace_io)(struct kvm_vcpu *vcpu);
	} arch;
};

static inline struct kvm_memslots *kvm_vcpu_memslots(struct kvm_vcpu *vcpu)
{
	return &vcpu->kvm->memslots;
}

struct kvm_memory_slot *__gfn_to_memslot(struct kvm_memslots *slots, gfn_t gfn);
unsigned long __gfn_to_hva_memslot(const struct kvm_memory_slot *slot, gfn_t gfn);
unsigned long kvm_vcpu_gfn_to_hva(struct kvm_vcpu *vcpu, gfn_t gfn);
bool kvm_is_error_hva(unsigned long hva);
int kvm_vcpu_read_guest(struct kvm_vcpu *vcpu, gpa_t gpa, void *data,
			unsigned long len);
int kvm_vcpu_write_guest(struct kvm_vcpu *vcpu, gpa_t gpa, const void *data,
			 unsigned long len);
void mark_page_dirty_in_slot(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn);

/* Memory of userspace: user_ok() says whether it is there. */
bool user_ok(const void *addr, size_t len, bool write);
size_t fault_in_safe_writeable(const char *addr, size_t len);
int arch_futex_atomic_op_inuser(int op, u32 arg, int *old, u32 *addr);
#define FUTEX_OP_ADD			1
#define __put_user(value, to)		(user_ok(to, sizeof(*(to)), true) ? *(to) = (value), 0 : -1)
#define user_read_access_begin(from, n)	user_ok(from, n, false)
#define user_read_access_end()		do { } while (0)
#define unsafe_get_user(to, from, fault)				\
	do {								\
		const __typeof__(*(from)) *from_ = (from);		\
									\
		if (!user_ok(from_, sizeof(*from_), false))			\
			goto fault;					\
		to = *from_;						\
	} while (0)

struct task { bool signal; };
extern __thread struct task me;
#define current				(&me)
#define signal_pending(task)		((task)->signal)

#endif /* MODEL_KERNEL_H */
