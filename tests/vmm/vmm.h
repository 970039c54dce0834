/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMM just large enough to watch port I/O by hypercall from outside.
 *
 * QEMU re-enters KVM after every exit and keeps its devices to itself; both
 * hide bugs.  Here a test sees each KVM_RUN, and the device counts.
 */
#ifndef VMM_H
#define VMM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* Of host/linux; headers do not know it yet. */
#ifndef KVM_CAP_X86_PIO_HYPERCALL
#define KVM_CAP_X86_PIO_HYPERCALL	252
#define KVM_X86_PIO_HYPERCALL_ENABLE	1
#define KVM_X86_PIO_HYPERCALL_RING	2
#define KVM_EXIT_COALESCED_RING		44
#endif

/* Guest-physical layout; everything is mapped 1:1 up to 1 GiB. */
#define RAM_SIZE	0x400000ULL
#define PML4_GPA	0x1000ULL
#define PDPT_GPA	0x2000ULL
#define PD_GPA		0x3000ULL
#define CODE_GPA	0x8000ULL
#define CODE2_GPA	0x9000ULL
#define NCODE_GPA	0xa000ULL	/* what a nested guest runs */
#define VMCB_GPA	0xb000ULL
#define HSAVE_GPA	0xc000ULL
#define BUF_GPA		0x100000ULL
#define MMIO_GPA	0x30000000ULL	/* nothing there */
#define IOAPIC_GPA	0xfec00000ULL	/* KVM's, with VM_IRQCHIP */
#define APIC_GPA	0xfee00000ULL

/*
 * A stub ends with a native OUT to this port.  HLT would not do: it does not
 * exit with an in-kernel irqchip, and it faults at CPL 3.
 */
#define EXIT_PORT	0xf4
#define EXIT_INSN_LEN	2
#define CALL_INSN_LEN	3

#define MAX_SLOTS	8
#define MAX_VCPUS	4

enum mode {
	MODE_LONG,	/* 64-bit, CPL 0 */
	MODE_USER64,	/* 64-bit, CPL 3, IOPL 3 so that the stub can end */
	MODE_COMPAT,	/* long mode, 32-bit code segment */
	MODE_PROT32,	/* protected mode, no paging */
	MODE_REAL,
	NR_MODES,
};

extern const char * const mode_name[NR_MODES];

struct access {
	u64	addr;		/* port, or guest-physical */
	u64	val;
	u8	space;		/* PIO_HCALL_SPACE_* */
	u8	out;
	u8	size;
	u8	pad[5];		/* 0: accesses are compared as a whole */
};

/* The counting device: it answers everywhere and forgets nothing. */
struct dev {
	struct access	*log;
	u64		n, room;
	u64		exits;
	u32		most;		/* bytes in the largest exit */
	/* not in log: exits to have the ring emptied, writes to TRIAL_PORT by it */
	u64		flushes, trials;
	/* takes a->val or sets it, in place of the counter */
	void		(*model)(struct access *a);
};

/*
 * KVM's coalescing ring.  It is carried out before accesses to the PCI
 * configuration address and data, and at no other time unless a test asks for it; on a host
 * with the series, which is promised that, at any exit.
 */
#define CONFIG_PORT	0xcf8
#define CONFIG_DATA	0xcfc
#define FLUSH_PORT	CONFIG_PORT
#define TRIAL_PORT	0x80
#define RING_MAX	((4096 - sizeof(struct kvm_coalesced_mmio_ring)) / \
			 sizeof(struct kvm_coalesced_mmio))

struct slot {
	u64	gpa, size;
	u32	flags;
	u8	*hva;
};

struct vm;

struct vcpu {
	struct vm		*vm;
	int			fd;
	struct kvm_run		*run;
	size_t			run_size;
	struct kvm_sregs	reset;
	struct dev		*dev;
	enum mode		mode;
	pthread_t		thread;	/* who runs it: the alarm kicks it */
	bool			used;
};

#define VM_IRQCHIP	1

struct vm {
	int		kvm, fd;
	unsigned int	flags;
	struct slot	slots[MAX_SLOTS];
	struct vcpu	vcpus[MAX_VCPUS];
	struct dev	dev;
	struct kvm_coalesced_mmio_ring *ring;
	u32		ring_first;	/* ours: what is in the ring may be wrong */
	bool		lazy;		/* the ring is not carried out */
	u64		said;		/* by KVM_CAP_X86_PIO_HYPERCALL */
};

#define NR_TAMPERS	6

enum stop {
	STOP_DONE,	/* the stub reached its end */
	STOP_IO,	/* KVM_EXIT_IO or _MMIO, not served yet */
	STOP_INTR,	/* -EINTR */
	STOP_BAD,	/* anything else; already reported */
};

/* Host facts */
bool cpu_is_amd(void);
unsigned int cpu_maxphyaddr(void);
bool kvm_has_nested_svm(void);
bool kvm_has_series(void);
u64 mask_of(unsigned int size);

/* Construction; all of these end the test when they fail. */
struct vm *vm_create(unsigned int flags);
void vm_destroy(struct vm *vm);
u8 *vm_add_slot(struct vm *vm, int id, u64 gpa, u64 size, u32 flags);
void vm_set_slot(struct vm *vm, int id, u32 flags, bool present);
u8 *vm_hva(struct vm *vm, u64 gpa);
void vm_write(struct vm *vm, u64 gpa, const void *from, u64 len);
void vm_read(struct vm *vm, u64 gpa, void *to, u64 len);
int vm_ioeventfd(struct vm *vm, u8 space, u64 addr, u32 len, bool match,
		 u64 val);
u64 events(int fd);
int vm_allow(struct vm *vm, u64 flags);
void vms_allow(bool on);
struct vcpu *vcpu_create(struct vm *vm, int id);
struct vcpu *one_vcpu(void);
void vcpu_use_ring(struct vcpu *v);
struct vcpu *ring_vcpu(void);
struct vcpu *vm_clone(struct vcpu *from);
void vcpu_maxphyaddr(struct vcpu *v, u8 bits);
void vcpu_coalesce(struct vcpu *v, u64 addr, u32 size, bool pio, bool on);

/* State */
void vcpu_mode(struct vcpu *v, enum mode mode, u64 extra_efer);
void vcpu_get(struct vcpu *v, struct kvm_regs *r);
void vcpu_set(struct vcpu *v, const struct kvm_regs *r);
void load_code(struct vm *vm, u64 gpa, const void *code, size_t len);
void load_call(struct vm *vm, u64 gpa);

/* Running */
enum stop vcpu_enter(struct vcpu *v);
void vcpu_serve(struct vcpu *v);
bool vcpu_flushes(struct vcpu *v);
void vcpu_tamper(struct vcpu *v, unsigned int how);
u64 vcpu_drain(struct vcpu *v);
enum stop vcpu_go(struct vcpu *v);
void vcpu_spawn(struct vcpu *v);
enum stop vcpu_join(struct vcpu *v);
bool vcpu_settle(struct vcpu *v);
void vmm_timed_out(void);

/* Device */
u64 dev_value(u64 seq);
void dev_reset(struct dev *d);

/* payload.S */
extern const u8 pay_out_loop[], pay_out_loop_end[];
extern const u8 pay_in_loop[], pay_in_loop_end[];
extern const u8 pay_list_single[], pay_list_single_end[];
extern const u8 pay_str_forever[], pay_str_forever_end[];
extern const u8 pay_calls[], pay_calls_call[], pay_calls_end[];
extern const u8 pay_vmrun[], pay_vmrun_end[];

#endif /* VMM_H */
